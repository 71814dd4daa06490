// Replaces the live parts of the page every few seconds. Without it, the page shows what was true when it was loaded.
'use strict';

const intervalMs = Number(document.body.dataset.refreshMs);
const pause = document.getElementById('pause');
const connection = document.getElementById('connection');
let isPaused = false;

/** Changes a text only if it differs, because screen readers announce every change. */
function say(text) {
  if (connection.textContent !== text) connection.textContent = text;
}

/** A part that is being read or used stays as it is. */
function isInUse(part) {
  const selection = getSelection();
  return part.contains(document.activeElement) || (!selection.isCollapsed && selection.containsNode(part, true));
}

async function refresh() {
  try {
    const response = await fetch('./', { signal: AbortSignal.timeout(intervalMs) });
    if (!response.ok) throw new Error(String(response.status));
    const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
    document.title = fresh.title;
    for (const part of document.querySelectorAll('[data-live]')) {
      const next = fresh.getElementById(part.id);
      if (next !== null && !isInUse(part)) part.replaceWith(next);
    }
    say('');
  } catch {
    say('The sidecar does not answer. The figures are old.');
  }
}

async function loop() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
    if (!isPaused && !document.hidden) await refresh();
  }
}

pause.hidden = false;
pause.addEventListener('click', () => {
  isPaused = !isPaused;
  pause.textContent = isPaused ? 'Resume' : 'Pause';
});
void loop();
