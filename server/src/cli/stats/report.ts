import type { Output } from '../output';
import { bytesText, durationText, msText, numberText } from '../units';
import type { Calls, Summary } from './summary';

/** @param seconds the length of the interval; `undefined`: since the start */
export function printSummary(summary: Summary, seconds: number | undefined, output: Output): void {
  const { version, store, ready, uptimeSeconds, memoryBytes, cpuSeconds, inFlight } = summary;
  const state = ready ? output.style('green', 'ready') : output.style('red', 'not ready');
  const elapsed = seconds ?? uptimeSeconds;
  const cpu = elapsed > 0 ? ` · CPU ${((cpuSeconds / elapsed) * 100).toFixed(1)} %` : '';
  output.line(
    `session-sidecar ${version} · ${store} store ${state} · up ${durationText(uptimeSeconds)} · ${bytesText(memoryBytes)}${cpu}`,
  );
  output.line(seconds === undefined ? 'Since it started:' : `In ${seconds.toFixed(1)} s:`);
  output.line();
  printCalls('CALLS', summary.calls, seconds, output);
  output.line(`In flight: ${inFlight}`);
  output.line();
  if (summary.storeCommands.length > 0) {
    printCalls('STORE', summary.storeCommands, seconds, output);
    output.line();
  }
  const { sessions, hitRatios, refusals } = summary;
  output.table(
    Object.entries(sessions).map(([what, count]) => [labels[what] ?? what, numberText(count)]),
    {
      head: ['SESSIONS', 'COUNT'],
      right: [1],
    },
  );
  const ratios = Object.entries(hitRatios).flatMap(([cache, ratio]) =>
    ratio === null ? [] : [[labels[cache] ?? cache, `${(ratio * 100).toFixed(1)} %`]],
  );
  if (ratios.length > 0) {
    output.line();
    output.table(ratios, { head: ['CACHE', 'HITS'], right: [1] });
  }
  const refused = Object.entries(refusals);
  if (refused.length > 0) {
    output.line();
    output.table(
      refused.map(([limit, count]) => [limit, numberText(count)]),
      { head: ['REFUSED BY', 'COUNT'], right: [1] },
    );
  }
}

const labels: Readonly<Record<string, string>> = {
  notFound: 'not found',
  nearCache: 'near cache',
  clientCaches: 'client caches',
};

function printCalls(title: string, rows: readonly Calls[], seconds: number | undefined, output: Output): void {
  const rate = seconds === undefined ? [] : ['PER SECOND'];
  output.table(
    rows.map(({ name, count, failed, meanMs, p50Ms, p99Ms }) => [
      name,
      numberText(count),
      ...(seconds === undefined ? [] : [numberText(count / seconds)]),
      failed === 0 ? '0' : output.style('red', numberText(failed)),
      ...[meanMs, p50Ms, p99Ms].map(msText),
    ]),
    { head: [title, 'COUNT', ...rate, 'FAILED', 'MEAN', 'P50', 'P99'], right: [1, 2, 3, 4, 5, 6] },
  );
  if (rows.length === 0) output.line(`${title}: none`);
}
