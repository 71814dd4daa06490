import { asDuration } from './format';
import { html, sourceOf } from './html';
import type { Html } from './html';
import { sections } from './sections';
import type { Section, Shown } from './sections';

/** The whole page. It works without its script, which only replaces the live sections every few seconds. */
export function renderPage(shown: Shown): string {
  const { build, stats } = shown;
  const { ready } = stats.readiness;
  const present = sections.filter(({ isShown = () => true }) => isShown(shown));
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${ready ? '' : 'Not ready – '}session-sidecar inspector</title>
        <link rel="stylesheet" href="inspector.css" />
        <link rel="icon" href="data:," />
        <script src="refresh.js" defer></script>
      </head>
      <body data-refresh-ms="${stats.history.intervalSeconds * 1000}">
        <header>
          <h1>session-sidecar</h1>
          <p id="state" data-live>
            <strong class="${ready ? 'good' : 'bad'}">${ready ? 'Ready' : 'Not ready'}</strong>, running for
            ${asDuration(build.uptimeSeconds * 1000)}
          </p>
          <p>
            Version ${build.version}${build.commit === null ? '' : ` (${build.commit})`}, store ${build.store}, Node.js
            ${build.node}, ${build.platform}, process ${build.pid}
          </p>
          <p><button type="button" id="pause" hidden>Pause</button> <span id="connection" role="status"></span></p>
        </header>
        <nav aria-label="Sections">
          <ul>
            ${present.map(({ id, heading }) => html`<li><a href="#${id}">${heading}</a></li>`)}
          </ul>
        </nav>
        <main>${present.map((section) => renderSection(section, shown))}</main>
        <footer>
          <p>As JSON: ${jsonPaths.map((path) => html`<a href="${path}">${path}</a> `)}</p>
        </footer>
      </body>
    </html>`;
  return sourceOf(page);
}

const jsonPaths = ['stats.json', 'config', 'ready', 'version', 'log-level'];

function renderSection({ id, heading, isLive, content }: Section, shown: Shown): Html {
  return html`<section id="${id}" aria-labelledby="${id}-heading" ${isLive ? 'data-live' : ''}>
    <h2 id="${id}-heading">${heading}</h2>
    ${content(shown)}
  </section>`;
}
