import type { SubjectSession } from '@session-sidecar/client';
import type { SessionData } from '@session-sidecar/client/express';
import { postForm } from './forms';
import { html } from './html';
import type { Html } from './html';

type Device = SubjectSession<SessionData>;

/** The sessions of a visitor: this one first, then those that were used last. */
export function devicesPage(sessions: readonly Device[], csrfToken: string): Html {
  const rank = ({ isCurrent, accessed }: Device) => (isCurrent ? Infinity : (accessed?.getTime() ?? 0));
  const sorted = sessions.toSorted((one, other) => rank(other) - rank(one));
  const others = sessions.filter(({ isCurrent }) => !isCurrent).length;
  return html`
    <h1>Your devices</h1>
    <p class="lead">
      You are signed in on each of them. The shop keeps no list: these are the sessions with your name.
    </p>
    <table class="devices">
      <thead>
        <tr>
          <th scope="col">Device</th>
          <th scope="col">Session since</th>
          <th scope="col">Last seen</th>
          <td></td>
        </tr>
      </thead>
      <tbody>
        ${sorted.map((session) => deviceRow(session, csrfToken))}
      </tbody>
    </table>
    ${
      others > 0 &&
      html`<p class="pay">
        ${postForm('/devices/sign-out-others', csrfToken, html`<button class="primary">Sign out everywhere else</button>`)}
      </p>`
    }
  `;
}

function deviceRow(
  { handle, label = 'Unknown device', created, accessed, isCurrent }: Device,
  csrfToken: string,
): Html {
  const button = html`<input type="hidden" name="handle" value="${handle}" />
    <button class="plain" aria-label="Sign out ${label}">Sign out</button>`;
  return html`<tr>
    <th scope="row">${label}</th>
    <td>${time(created)}</td>
    <td>${time(accessed)}</td>
    <td>${isCurrent ? 'This device' : postForm('/devices/sign-out', csrfToken, button)}</td>
  </tr>`;
}

function time(date: Date | undefined): Html | string {
  if (date === undefined) return 'unknown';
  const iso = date.toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 16).replace('T', ' ')} UTC</time>`;
}
