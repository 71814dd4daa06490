import benchmark from '../../../bench/results/latest.json';
import { table } from './markdown';

/** The rows of the README, the losses first; all are about sessions of 300 bytes. */
const workloads = [
  { id: 'latency-1', workload: 'one read at a time', rival: 'ioredis `GET`' },
  { id: 'read-300b-64', workload: 'reads, 64 in flight', rival: 'ioredis `HGETALL`' },
  { id: 'mix50-300b-64', workload: 'web requests, 50 % writes, 64 in flight', rival: 'connect-redis' },
  { id: 'mix90-300b-64', workload: 'web requests, 10 % writes, 64 in flight', rival: 'connect-redis' },
];

const start = /(?<=<!-- performance: .* -->\n)/;
const end = '<!-- end of performance -->';

/** The README with its table of the last full run of the benchmark. */
export function withPerformance(readme: string): string {
  const [before, rest = ''] = readme.split(start);
  return `${before}\n<!-- prettier-ignore -->\n${performanceTable()}\n${rest.slice(rest.indexOf(end))}`;
}

function performanceTable(): string {
  const rows = workloads.map(({ id, workload, rival }) => {
    const { ratio, unit, detail } = benchmark.rows.find((row) => row.id === id) ?? missing(id);
    const measure = unit === 'µs' ? 'time' : 'throughput';
    const cpu = detail?.theirs ? detail.ours.cpuUs.app / detail.theirs.cpuUs.app : missing(id);
    return [workload, rival, `${round(ratio ?? missing(id))}× the ${measure}`, `${round(cpu)}×`];
  });
  return table(['workload', 'compared with, in the app', 'sidecar', "the app's CPU time"], rows);
}

function missing(id: string): never {
  throw new Error(`The benchmark has no comparison ${id}.`);
}

function round(value: number): string {
  return String(Number(value.toPrecision(2)));
}
