import benchmark from '../../../bench/results/latest.json';
import { table } from './markdown';

/** The rows of the README, without a cache and with the client's; all are about sessions of 300 bytes. */
const workloads = [
  { id: 'latency-1', workload: 'one read at a time', rival: 'ioredis `GET`' },
  { id: 'read-300b-64', workload: 'reads, 64 in flight', rival: 'ioredis `HGETALL`' },
  { id: 'mix50-300b-64', workload: 'web requests, 50 % writes, 64 in flight', rival: 'connect-redis' },
  { id: 'mix90-300b-64', workload: 'web requests, 10 % writes, 64 in flight', rival: 'connect-redis' },
  {
    id: 'express-300b-64',
    workload: 'an Express 5 app over HTTP, 10 % writes, 64 connections',
    rival: 'connect-redis',
  },
  { id: 'cached-latency-1', workload: 'client cache: one read at a time', rival: 'ioredis `GET`' },
  {
    id: 'cached-mix50-300b-64',
    workload: 'client cache: web requests, 50 % writes, 64 in flight',
    rival: 'connect-redis',
  },
  {
    id: 'cached-mix90-300b-64',
    workload: 'client cache: web requests, 10 % writes, 64 in flight',
    rival: 'connect-redis',
  },
  { id: 'cached-two-pods-mix90', workload: 'client cache: the same, two pods', rival: 'connect-redis' },
  {
    id: 'express-cached-300b-64',
    workload: 'client cache: Express over HTTP, 10 % writes, 64 connections',
    rival: 'connect-redis',
  },
];

const start = /(?<=<!-- performance: .* -->\n)/;
const end = '<!-- end of performance -->';

/** A document with what is printed from the last full run of the benchmark between its two marks. */
export function withPerformance(document: string, printed: string): string {
  const [before, rest = ''] = document.split(start);
  return `${before}\n<!-- oxfmt-ignore -->\n${printed}\n${rest.slice(rest.indexOf(end))}`;
}

/** The table of the README, the losses first. */
export function performanceTable(): string {
  const rows = workloads.flatMap(({ id, workload, rival }) => {
    const row = benchmark.rows.find((one) => one.id === id);
    // A row that is newer than the last full run.
    if (row === undefined) return [];
    const { ratio, unit, detail } = row;
    const isTime = unit === 'µs';
    const cpu = detail?.theirs ? detail.ours.cpuUs.app / detail.theirs.cpuUs.app : missing(id);
    const figure = ratio ?? missing(id);
    const cells = [workload, rival, `${round(figure)}× the ${isTime ? 'time' : 'throughput'}`, `${round(cpu)}×`];
    return [{ cells, timesWorse: isTime ? figure : 1 / figure }];
  });
  const lossesFirst = rows.sort((a, b) => b.timesWorse - a.timesWorse).map(({ cells }) => cells);
  return table(['workload', 'compared with, in the app', 'sidecar', "the app's CPU time"], lossesFirst);
}

function missing(id: string): never {
  throw new Error(`The benchmark has no comparison ${id}.`);
}

function round(value: number): string {
  return String(Number(value.toPrecision(2)));
}
