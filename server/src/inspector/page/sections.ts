import type { SettingReport } from '../../config/setting-report';
import { logLevels } from '../../config/values';
import type { BuildReport } from '../build-report';
import type { LogLevelState } from '../log-level';
import { subjectSearch } from './subject-search';
import type { SubjectSearch } from './subject-search';
import type { Stats, TimedError } from '../stats/stats';
import { charts } from './charts';
import { asCount, asDuration, asMilliseconds, asPercent, asRate } from './format';
import { html } from './html';
import type { Html } from './html';
import { time } from './time';
import { table } from './table';

export interface Shown {
  readonly build: BuildReport;
  readonly stats: Stats;
  readonly settings: readonly SettingReport[];
  readonly logLevel: LogLevelState;
  /** `undefined`: no sessions are shown. */
  readonly search: SubjectSearch | undefined;
}

/** A part of the page. */
export interface Section {
  readonly id: string;
  readonly heading: string;
  /** Whether it is replaced while the page is open. */
  readonly isLive: boolean;
  /** Default: always. */
  readonly isShown?: (shown: Shown) => boolean;
  readonly content: (shown: Shown) => Html;
}

/** In the order of the page. A new subject is a new entry. */
export const sections: readonly Section[] = [
  {
    id: 'figures',
    heading: 'Last 10 minutes',
    isLive: true,
    content: ({ stats }) => html`<div class="charts">${charts(stats.history)}</div>`,
  },
  { id: 'readiness', heading: 'Readiness', isLive: true, content: ({ stats }) => readiness(stats) },
  { id: 'calls', heading: 'Calls', isLive: true, content: ({ stats }) => calls(stats) },
  { id: 'caches', heading: 'Caches', isLive: true, content: ({ stats }) => caches(stats) },
  { id: 'errors', heading: 'Errors', isLive: true, content: ({ stats }) => errors(stats) },
  { id: 'clients', heading: 'Clients', isLive: true, content: ({ stats }) => clients(stats) },
  {
    id: 'sessions',
    heading: 'Sessions of a subject',
    isLive: false,
    isShown: ({ search }) => search !== undefined,
    content: ({ search }) => subjectSearch(search),
  },
  { id: 'log-level', heading: 'Log level', isLive: false, content: ({ logLevel }) => logLevelForm(logLevel) },
  { id: 'configuration', heading: 'Configuration', isLive: false, content: ({ settings }) => configuration(settings) },
];

const state = (ready: boolean): Html =>
  ready ? html`<span class="good">ready</span>` : html`<span class="bad">not ready</span>`;

function readiness({ readiness: { parts } }: Stats): Html {
  const columns = [
    { name: 'Part', cell: ({ name }: (typeof parts)[number]) => name },
    { name: 'State', cell: ({ ready }: (typeof parts)[number]) => state(ready) },
    { name: 'Reason', cell: ({ reason }: (typeof parts)[number]) => reason ?? '' },
    { name: 'Since', cell: ({ since }: (typeof parts)[number]) => time(since) },
  ];
  return table('What calls depend on', parts, columns, 'Nothing.');
}

function calls({ methods, present, presentSeconds }: Stats): Html {
  type Row = (typeof methods)[number];
  const rows = table(
    `Totals since the start; rates and latencies over ${asDuration(presentSeconds * 1000)}`,
    methods,
    [
      { name: 'Method', cell: ({ method }: Row) => method },
      { name: 'Total', isFigure: true, cell: ({ total }) => asCount(total) },
      { name: 'Failed', isFigure: true, cell: ({ failed }) => asCount(failed) },
      { name: 'Rate', isFigure: true, cell: ({ perSecond }) => asRate(perSecond) },
      { name: 'p50', isFigure: true, cell: ({ p50Ms }) => asMilliseconds(p50Ms) },
      { name: 'p99', isFigure: true, cell: ({ p99Ms }) => asMilliseconds(p99Ms) },
    ],
    'No call yet.',
  );
  return html`${rows}
    <p>Calls in flight: ${asCount(present?.callsInFlight ?? 0)}</p>`;
}

function caches({ caches: rows }: Stats): Html {
  type Row = (typeof rows)[number];
  return table(
    'Reads since the start, and the hit rate of the last minute',
    rows,
    [
      { name: 'Cache', cell: ({ name }: Row) => name },
      { name: 'Hits', isFigure: true, cell: ({ hits }) => asCount(hits) },
      { name: 'Misses', isFigure: true, cell: ({ misses }) => asCount(misses) },
      { name: 'Hit rate', isFigure: true, cell: ({ hitRate }) => asPercent(hitRate) },
    ],
    'No sample yet.',
  );
}

const errorKinds = { call: 'call', store: 'store command', refusal: 'limit' } as const;

/** How many kinds are shown. */
const maxErrors = 30;

function errors({ errors: all }: Stats): Html {
  return table(
    'Failures by kind since the start, newest first',
    all.slice(0, maxErrors),
    [
      { name: 'Where', cell: ({ kind, name }: TimedError) => `${errorKinds[kind]} ${name}` },
      { name: 'Reason', cell: ({ reason }) => reason },
      { name: 'Count', isFigure: true, cell: ({ count }) => asCount(count) },
      { name: 'Last', cell: ({ last }) => time(last) },
    ],
    'None since the start.',
  );
}

function clients({ connections: { open, pipelines, changeStreams, listed } }: Stats): Html {
  type Row = (typeof listed)[number];
  const rows = table(
    open > listed.length ? `The oldest ${asCount(listed.length)} connections` : 'Open gRPC connections',
    listed,
    [
      { name: 'Client', cell: ({ address }: Row) => address ?? 'Unix socket' },
      { name: 'User agent', cell: ({ userAgent }) => userAgent ?? '' },
      { name: 'Open for', isFigure: true, cell: ({ openMs }) => asDuration(openMs) },
      { name: 'Streams', isFigure: true, cell: ({ streams }) => asCount(streams) },
      { name: 'Pipelines', isFigure: true, cell: ({ pipelines }) => asCount(pipelines) },
      { name: 'Calls in flight', isFigure: true, cell: ({ callsInFlight }) => asCount(callsInFlight) },
    ],
    'No client is connected.',
  );
  return html`<p>
      Connections: ${asCount(open)}. Pipelines: ${asCount(pipelines)}. Clients with a cache that are sent changes:
      ${asCount(changeStreams)}.
    </p>
    ${rows}`;
}

function logLevelForm({ level, configured, until }: LogLevelState): Html {
  const ends = until === null ? html`` : html` until ${time(until)}, then ${configured}`;
  return html`<p>The level is <strong>${level}</strong>${ends}. The configuration says ${configured}.</p>
    <form method="post" action="log-level">
      <label for="level">Level</label>
      <select id="level" name="level">
        ${logLevels.map((each) => html`<option ${each === level ? 'selected' : ''}>${each}</option>`)}
      </select>
      <label for="time">For</label>
      <select id="time" name="for">
        ${times.map(([value, shown]) => html`<option value="${value}">${shown}</option>`)}
      </select>
      <button>Change</button>
    </form>`;
}

const times = [
  ['1m', '1 minute'],
  ['10m', '10 minutes'],
  ['1h', '1 hour'],
  ['', 'as long as the sidecar runs'],
] as const;

function configuration(settings: readonly SettingReport[]): Html {
  return table(
    'Settings, with secrets only as set or not set',
    settings,
    [
      { name: 'Setting', cell: ({ variable }: SettingReport) => html`<code>${variable}</code>` },
      { name: 'Value', cell: ({ value }) => (value === undefined ? 'not set' : html`<code>${value}</code>`) },
      {
        name: 'Source',
        cell: ({ source, from }) => (from === undefined ? source : html`${source} <code>${from}</code>`),
      },
      { name: 'Note', cell: ({ note }) => note ?? '' },
    ],
    'None.',
  );
}
