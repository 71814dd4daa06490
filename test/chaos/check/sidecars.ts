import type { Instant } from '../clock';
import type { Operation, Violation } from '../history';
import { silences } from './silences';
import { isAnswered, isRead, isTrouble } from './view';
import type { HistoryView } from './view';

/** How long /readyz may lag behind what callers experience, in ms. */
const readinessLagMs = 2000;

/** /readyz reports what callers experience: it is not 200 while no command succeeds, and not 503 while all do. */
export function readiness(view: HistoryView): Violation[] {
  const { history } = view;
  const limitMs = readinessLagMs + history.setup.slack.recoveryMs;
  return [...new Set(history.readiness.map(({ sidecar }) => sidecar))].flatMap((sidecar) => {
    const samples = history.readiness.filter((sample) => sample.sidecar === sidecar).sort((a, b) => a.at - b.at);
    const calls = history.operations.filter((operation) => operation.sidecar === sidecar && reachesStore(operation));
    const successes = calls.filter(isAnswered);
    const failures = calls.filter(isStoreTrouble);
    const violations: Violation[] = [];
    /** Counts from the end of the last fault, because between two faults, a sidecar can be ready before a call succeeds. */
    const since = (began: Instant, at: Instant): Instant =>
      Math.max(
        began,
        ...history.faults
          .filter(({ sidecars, possible }) => sidecars.includes(sidecar) && possible <= at)
          .map(({ possible }) => possible),
      );

    for (const silence of silences(successes, failures)) {
      const began = silence[0]!.invoked;
      const end = silence.reduce((most, { completed }) => Math.max(most, completed), began);
      const isLate = (at: Instant): boolean => {
        const from = since(began, at);
        return at - from > limitMs + view.stalledMs(from, at) + view.stoppedMs(sidecar, from, at);
      };
      const wrong = samples.find(({ at, status }) => status === 200 && at < end && isLate(at));
      if (wrong !== undefined && silence.length >= 3) {
        const text = `200, though no command has succeeded for ${(wrong.at - began).toFixed(0)} ms`;
        violations.push(readinessViolation(sidecar, wrong.at, text));
      }
    }

    for (const [from, to] of runsOf503(samples)) {
      const within = (operation: Operation): boolean =>
        operation.invoked > from + readinessLagMs / 2 && operation.completed < to;
      const isLong = to - from > limitMs + view.stalledMs(from, to);
      if (isLong && successes.filter(within).length >= 10 && !failures.some(within)) {
        violations.push(
          readinessViolation(sidecar, to, `503 for ${(to - from).toFixed(0)} ms, though every command succeeded`),
        );
      }
    }
    return violations;
  });

  /** With a cache, a read need not reach the store. */
  function reachesStore(operation: Operation): boolean {
    const { nearCache, clientCache } = history.setup;
    return !(nearCache || clientCache) || !isRead(operation);
  }
}

function readinessViolation(sidecar: string, at: Instant, text: string): Violation {
  return { promise: 'readiness is truthful', message: `${sidecar}: /readyz was ${text}`, at, operations: [] };
}

function isStoreTrouble(operation: Operation): boolean {
  const { outcome } = operation;
  return isTrouble(operation) && outcome.status === 'failed' && outcome.code !== 'UNAVAILABLE';
}

function runsOf503(
  samples: readonly { readonly at: Instant; readonly status: number | undefined }[],
): [Instant, Instant][] {
  const runs: [Instant, Instant][] = [];
  let isRun = false;
  for (const { at, status } of samples) {
    if (status === 503 && isRun) runs.at(-1)![1] = at;
    else if (status === 503) runs.push([at, at]);
    isRun = status === 503;
  }
  return runs;
}

/** Resident memory stays within the manifest's limit. */
export function memory({ history }: HistoryView): Violation[] {
  const limit = history.setup.memoryLimitBytes;
  const worst = new Map<string, { at: Instant; residentBytes: number }>();
  for (const sample of history.memory) {
    if (sample.residentBytes <= (worst.get(sample.sidecar)?.residentBytes ?? limit)) continue;
    worst.set(sample.sidecar, sample);
  }
  return [...worst].map(([sidecar, { at, residentBytes }]) => ({
    promise: 'memory stays inside the limit',
    message: `${sidecar}: ${mebibytes(residentBytes)} resident, of ${mebibytes(limit)}`,
    at,
    operations: [],
  }));
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
