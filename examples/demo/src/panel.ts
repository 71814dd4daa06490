import type { ISession } from '@session-sidecar/client';
import type { SessionData } from '@session-sidecar/client/express';
import type { CookieEffect } from './cookie-effect';
import { html } from './html';
import type { Html } from './html';
import type { Counts } from './counts';
import type { Observation } from './observer';
import type { CommandCounts } from './redis-commands';

export interface PanelFacts {
  readonly session: ISession<SessionData>;
  /** Whether the request found that the session has ended meanwhile. */
  readonly hasEnded: boolean;
  readonly observation: Observation;
  /** The redirect that led here. */
  readonly redirect: Observation | undefined;
}

/** The column beside each page. It never shows the token. */
export function panel({ session, hasEnded, observation, redirect }: PanelFacts): string {
  const isStored = session.state === 'stored' && !hasEnded;
  const { badge, text } = withoutRecord(session, hasEnded);
  return html`<aside class="panel" id="session" aria-label="Your session" tabindex="0">
    <section>
      <h2>Session <span class="badge ${isStored && 'on'}">${isStored ? 'stored' : badge}</span></h2>
      ${isStored ? record(session) : html`<p>${text}</p>`}
    </section>
    <section>
      <h2>This page</h2>
      ${account(observation, session.origin !== 'none' || isStored)}
    </section>
    ${
      redirect &&
      html`<section>
        <h2>The redirect to it</h2>
        ${account(redirect, true)}
      </section>`
    }
    <p class="note">
      The sidecar counts calls, and Redis its commands. The indented ones run inside of scripts, without a round trip.
      Requests that run at the same time are counted together.
    </p>
  </aside>`.source;
}

/** Why there is no record to show. */
function withoutRecord({ origin }: ISession<SessionData>, hasEnded: boolean): { badge: string; text: string } {
  if (hasEnded) {
    return { badge: 'ended', text: 'It ended while this request ran. Nothing was stored, and nothing came back.' };
  }
  if (origin === 'not_found') {
    return {
      badge: 'ended',
      text: 'It has expired, or was ended elsewhere. Its cookie stays until a new session has one.',
    };
  }
  return { badge: 'none', text: 'Nothing is stored for you, and no cookie is set, until a page writes something.' };
}

function record(session: ISession<SessionData>): Html {
  const { version, handle, subject, expires } = session;
  return html`<dl class="facts">
      <dt>Version</dt>
      <dd>${version}</dd>
      <dt>Ends</dt>
      <dd>${expires ? untilEnd(expires) : 'never'}</dd>
      <dt>Subject</dt>
      <dd>${subject ?? 'none'}</dd>
      <dt>Handle</dt>
      <dd><code>${handle}</code></dd>
    </dl>
    <h3>Data</h3>
    <pre class="data">${JSON.stringify(session.toObject(), undefined, 2)}</pre>`;
}

function untilEnd(expires: Date): Html {
  const seconds = Math.max(0, Math.round((expires.getTime() - Date.now()) / 1000));
  if (seconds > 3600) return html`in ${inWords(seconds)}`;
  return html`in ${inWords(seconds)} <span class="countdown" style="--seconds: ${seconds}" aria-hidden="true"></span>`;
}

/** The units of a duration, the largest first, each from twice its size in seconds. */
const units = [
  ['days', 24 * 3600],
  ['hours', 3600],
  ['minutes', 60],
] as const;

function inWords(seconds: number): string {
  const [unit, size] = units.find(([, each]) => seconds >= 2 * each) ?? ['seconds', 1];
  return `${Math.round(seconds / size)} ${unit}`;
}

function account({ method, path, status, cost, cookie }: Observation, hasCookie: boolean): Html {
  return html`<p class="request"><code>${method} ${path}</code> <span>${status}</span></p>
    <dl class="facts">
      <dt>RPCs</dt>
      <dd>${cost ? list(itemsOf(cost.rpcs)) : 'not counted'}</dd>
      <dt>Redis</dt>
      <dd>${cost ? redisCounts(cost.redis) : 'not counted'}</dd>
      <dt>Cookie</dt>
      <dd>${cookieAccount(cookie, hasCookie)}</dd>
    </dl>`;
}

function redisCounts(commands: CommandCounts | undefined): Html | string {
  if (commands === undefined) return 'sessions are in the sidecar’s memory';
  const { sent, inScripts } = commands;
  // Reversed, so that EVAL and EVALSHA are just above what ran inside of them.
  return list([...itemsOf(upperCase(sent))].reverse(), itemsOf(upperCase(inScripts)));
}

function upperCase(counts: Counts): Counts {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name.toUpperCase(), count]));
}

function itemsOf(counts: Counts): readonly Html[] {
  return Object.entries(counts)
    .sort()
    .map(([name, count]) => html`<li><b>${count}</b> ${name}</li>`);
}

function list(items: readonly Html[], inScripts: readonly Html[] = []): Html | string {
  if (items.length === 0) return 'none';
  return html`<ul class="counts">
    ${items}
    ${
      inScripts.length > 0 &&
      html`<li>
        <ul aria-label="Inside of scripts">
          ${inScripts}
        </ul>
      </li>`
    }
  </ul>`;
}

function cookieAccount(cookie: CookieEffect | undefined, hasCookie: boolean): Html | string {
  if (cookie === undefined) return hasCookie ? 'unchanged' : 'none';
  return html`${cookie.action} <code>${cookie.name}</code>
    <ul class="attributes">
      ${cookie.attributes.map((attribute) => html`<li>${attribute}</li>`)}
    </ul>`;
}
