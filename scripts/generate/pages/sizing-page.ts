import benchmark from '../../../bench/results/latest.json';
import { page, table } from './markdown';

/** What one side of a row used, as the benchmark wrote it. */
interface Cost {
  readonly cpuUs: { readonly server: number; readonly redis: number };
}

/** docs/operate/sizing.md: what to plan with, out of the last full run of the benchmark. */
export function sizingPage(): string {
  const { date, machine } = benchmark;
  return page(
    'Sizing',
    [
      `Measured by the benchmark run of ${date.slice(0, 10)} on ${machine.cpu}; see [bench](../../bench/README.md) for the method. On other`,
      'hardware, expect the same order of magnitude, not the same numbers. [Operations](operations.md#sizing) says how to use them;',
      '[bench/scale](../../bench/scale/README.md) computes what 10 million sessions and more need.',
    ],
    '## Sidecar: CPU\n',
    'Web requests that load a session; 10 % also change it; 64 in flight. The first request of a visitor in a minute through a sidecar costs more than the',
    'others, because a script loads the session and records the access. The last line is of such requests only: plan with it where visitors make less than',
    'one request a minute through the same pod.\n',
    table(
      [
        'Sessions of',
        'CPU of the sidecar per request',
        'Requests per second and core',
        'Cores for 1,000 requests per second',
      ],
      loads.map(({ name, row }) => {
        const { server } = costOf(row).cpuUs;
        return [name, `${round(server)} µs`, perCore(server), round(server / 1000)];
      }),
    ),
    '## Sidecar: memory\n',
    table(
      ['When', 'Resident memory'],
      [
        ['after start-up', mebibytes('memory-idle')],
        ['after 1,000,000 web requests, 64 in flight', mebibytes('memory-after-1m')],
      ],
    ),
    '## Redis\n',
    table(
      [
        'Sessions of',
        'Memory for a session',
        'Memory for a million sessions',
        'CPU of Redis per request',
        'Requests per second',
      ],
      loads.map(({ name, row, suffix }) => {
        const bytes = ours(`bytes-per-session${suffix}`);
        const { redis } = costOf(row).cpuUs;
        return [
          name,
          `${round(bytes)} bytes`,
          `${round((bytes * 1e6) / 2 ** 30)} GiB`,
          `${round(redis)} µs`,
          perCore(redis),
        ];
      }),
    ),
    '## Example\n',
    exampleOf({ sessions: 200_000, requestsPerSecond: 3000, pods: 12 }),
  );
}

interface Deployment {
  readonly sessions: number;
  readonly requestsPerSecond: number;
  readonly pods: number;
}

/** For visitors who make less than one request a minute. */
function exampleOf({ sessions, requestsPerSecond, pods }: Deployment): string {
  const { server, redis } = costOf('recording-mix90-300b-64').cpuUs;
  const gibibytes = (sessions * ours('bytes-per-session')) / 2 ** 30;
  const cores = (rate: number, microseconds: number) => round((rate * microseconds) / 1e6);
  return [
    `${sessions.toLocaleString('en')} visitors within the idle timeout, small sessions, ${requestsPerSecond.toLocaleString('en')} web requests per second on ${pods} pods. Each visitor makes a request every ${round(sessions / requestsPerSecond)} seconds on average, so most accesses are recorded; this plans with all of them:\n\n`,
    `- each sidecar serves ${requestsPerSecond / pods} requests per second with ${cores(requestsPerSecond / pods, server)} cores; the CPU request of 100m suffices for ${round(1e5 / server)}\n`,
    `- Redis holds ${round(gibibytes)} GiB of sessions (plan ${round(1.5 * gibibytes)} GiB) and uses ${cores(requestsPerSecond, redis)} cores\n`,
  ].join('');
}

const loads = [
  { name: 'about 300 bytes', row: 'mix90-300b-64', suffix: '' },
  { name: 'about 4 KB', row: 'mix90-4kb-64', suffix: '-4kb' },
  { name: 'about 64 KB', row: 'mix90-64kb-64', suffix: '-64kb' },
  { name: 'about 300 bytes, each access recorded', row: 'recording-mix90-300b-64', suffix: '' },
];

function rowOf(id: string) {
  const row = benchmark.rows.find((one) => one.id === id);
  if (row === undefined) throw new Error(`The benchmark has no row ${id}.`);
  return row;
}

function ours(id: string): number {
  return rowOf(id).ours;
}

function costOf(id: string): Cost {
  const { detail } = rowOf(id);
  if (detail === null) throw new Error(`The benchmark's row ${id} has no details.`);
  return detail.ours;
}

function mebibytes(id: string): string {
  return `${round((ours(id) * 1e6) / 2 ** 20)} MiB`;
}

/** How often an operation fits into a second of CPU time. */
function perCore(microseconds: number): string {
  return round(1e6 / microseconds);
}

/** To two significant digits: more would suggest a precision that other machines do not have. */
function round(value: number): string {
  return Number(value.toPrecision(2)).toLocaleString('en');
}
