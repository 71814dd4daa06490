import benchmark from '../../../bench/results/latest.json';
import { table } from './markdown';

/** Pairs of medians, of a library in the application's process and of the sidecar. */
const loads = [
  { id: 'latency-1', load: 'one read at a time' },
  { id: 'mix90-300b-1', load: 'one web request at a time, 10 % writes' },
  { id: 'express-300b-64', load: 'an Express page over HTTP, 10 % writes, 64 connections' },
  { id: 'cached-latency-1', load: 'client cache: one read at a time' },
  { id: 'cached-mix90-300b-1', load: 'client cache: one web request at a time, 10 % writes' },
  { id: 'express-cached-300b-64', load: 'client cache: an Express page, as above' },
];

/** For docs/guide/choosing.md: what a session costs that is in another process, the losses first. */
export function hopTable(): string {
  const rows = loads.map(({ id, load }) => {
    const { detail, unit, ratio } = rowOf(id);
    if (!detail?.theirs) throw new Error(`The benchmark has no comparison ${id}.`);
    const { theirs, ours } = detail;
    // Where the row is about time, the benchmark has compared rounds side by side, as the README says.
    const timesWorse = unit === 'µs' && ratio !== null ? ratio : ours.latencyUs.p50 / theirs.latencyUs.p50;
    return { cells: [load, times(theirs), times(ours), `${round(timesWorse)}×`], timesWorse };
  });
  const lossesFirst = rows.sort((a, b) => b.timesWorse - a.timesWorse).map(({ cells }) => cells);
  return [
    table(['load', 'library', 'sidecar', 'sidecar / library'], lossesFirst),
    `\nThe sidecar's process takes ${rowOf('memory-idle').ours.toFixed(0)} MB when idle and ${rowOf('memory-after-1m').ours.toFixed(0)} MB after a million requests.\n`,
  ].join('');
}

function rowOf(id: string) {
  const row = benchmark.rows.find((one) => one.id === id);
  if (row === undefined) throw new Error(`The benchmark has no row ${id}.`);
  return row;
}

function times({ latencyUs }: { readonly latencyUs: { readonly p50: number; readonly p99: number } }): string {
  return `${time(latencyUs.p50)} (${time(latencyUs.p99)})`;
}

function time(microseconds: number): string {
  return microseconds < 1000 ? `${round(microseconds)} µs` : `${round(microseconds / 1000)} ms`;
}

/** To two significant digits: more would suggest a precision that other machines do not have. */
function round(value: number): string {
  return String(Number(value.toPrecision(2)));
}
