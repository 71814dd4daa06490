import type { FoundSession, FoundSessions } from '../found-sessions';
import { asCount } from './format';
import { html } from './html';
import type { Html } from './html';
import { table } from './table';
import { time } from './time';

export interface SubjectSearch {
  /** `undefined`: nothing was looked for. */
  readonly found: FoundSessions | undefined;
}

/** A form that asks for a subject, and what was found. It is sent by POST, so that the subject is in no URL. */
export function subjectSearch(search: SubjectSearch | undefined): Html {
  const found = search?.found;
  return html`<form method="post" action="sessions#sessions">
      <label for="subject">Subject</label>
      <input id="subject" name="subject" value="${found?.subject ?? ''}" maxlength="256" autocomplete="off" required />
      <button>Show sessions</button>
    </form>
    ${found === undefined ? '' : sessions(found)}`;
}

function sessions({ sessions: all, hasMore }: FoundSessions): Html {
  return table(
    hasMore ? `${asCount(all.length)} sessions; there are more` : `Sessions: ${asCount(all.length)}`,
    all,
    [
      { name: 'Handle', cell: ({ handle }: FoundSession) => html`<code>${handle}</code>` },
      { name: 'Label', cell: ({ label }) => label ?? '' },
      { name: 'Created', cell: ({ created }) => time(created) },
      { name: 'Last recorded access', cell: ({ accessed }) => time(accessed) },
      { name: 'Expires', cell: ({ expires }) => (expires === null ? 'never' : time(expires)) },
      { name: 'Version', isFigure: true, cell: ({ version }) => asCount(version) },
    ],
    'The subject has no sessions.',
  );
}
