import type { Tally } from '../attacks/attack';
import { attackBudgets } from '../budgets';
import { memoryLimitMb } from '../memory-limit';
import { rowOf } from '../row';
import type { Row } from '../row';
import type { Observation, VictimOptions } from '../victim';

const mebibyte = 1024 * 1024;
/** Below this, the time to recover is not mentioned. */
const slowRecoveryMs = 500;

export interface AttackOptions extends VictimOptions {
  /** The attack, as it reads after the word `during`. */
  readonly what: string;
  /** Whether the attack has a row for the size of the log. */
  readonly hasLogRow?: boolean;
}

/** The measurements of one attack. */
export interface AttackFigures {
  readonly before: Observation;
  readonly during: Observation;
  /** Resident memory in bytes. */
  readonly memoryBefore: number;
  readonly memoryPeak: number;
  /** `undefined` if the process has ended. */
  readonly memoryAfter: number | undefined;
  /** The time from the end of the attack until the sidecar answered, in ms; `undefined` if it did not. */
  readonly recoveryMs: number | undefined;
  readonly ending: string | undefined;
  readonly tally: Tally;
}

/** The rows of an attack, judged by {@link attackBudgets}. */
export function rowsOfAttack(
  ids: { memory: string; p99: string; log?: string },
  { what, store, clientIsElsewhere }: AttackOptions,
  { before, during, memoryBefore, memoryPeak, memoryAfter, recoveryMs, ending, tally }: AttackFigures,
): Row[] {
  const { peakMemoryMb, p99Ms, logKbPerSecond } = attackBudgets(memoryLimitMb());
  const stored = store === 'redis' ? 'Redis' : 'memory';
  const client = clientIsElsewhere ? 'of another sidecar with the same Redis' : 'of the same sidecar';
  /** Counts as a failure, so that a sidecar that is gone meets no budget. */
  const lost = recoveryMs === undefined ? 1 : 0;
  const trouble = [
    ...(ending === undefined ? [] : [`The process died: ${ending}.`]),
    ...(ending === undefined && recoveryMs === undefined ? ['It did not answer again.'] : []),
    ...(recoveryMs !== undefined && recoveryMs > slowRecoveryMs
      ? [`It answered again after ${figure(recoveryMs / 1000)} s.`]
      : []),
  ];
  const { latencyMs, failed, firstFailure } = during.client;
  const shared = { better: 'lower' } as const;
  const rows = [
    rowOf(
      {
        id: ids.memory,
        what: `Peak resident memory of the sidecar, sessions in ${stored}, during ${what}; theirs: before the attack.`,
        note: [
          ...trouble,
          ...(memoryAfter === undefined ? [] : [`${inMebibytes(memoryAfter)} MiB a second after it.`]),
          `Attacker: ${tallyText(tally)}.`,
        ].join(' '),
        unit: 'MiB',
        ours: memoryPeak / mebibyte,
        theirs: memoryBefore / mebibyte,
        failed: { ours: lost, theirs: 0 },
        ...shared,
      },
      peakMemoryMb,
    ),
    rowOf(
      {
        id: ids.p99,
        what: `99th percentile of requests of a well-behaved client ${client}, 200 a second, during ${what}; theirs: before the attack.`,
        note: [
          `Median ${figure(latencyMs.p50)} ms, longest ${figure(latencyMs.longest)} ms.`,
          ...(firstFailure === undefined ? [] : [`First failure: ${nameOf(firstFailure)}.`]),
          ...(during.failedProbes > 0 ? [`${during.failedProbes} of ${during.probes} probes of /livez failed.`] : []),
          ...trouble,
        ].join(' '),
        unit: 'ms',
        ours: latencyMs.p99,
        theirs: before.client.latencyMs.p99,
        failed: { ours: failed + during.failedProbes + lost, theirs: before.client.failed },
        ...shared,
      },
      p99Ms,
    ),
  ];
  if (ids.log !== undefined) {
    rows.push(
      rowOf(
        {
          id: ids.log,
          what: `What the sidecar logs during ${what}; theirs: before the attack.`,
          note: trouble.join(' ') || null,
          unit: 'kB/s',
          ours: during.logBytesPerSecond / 1000,
          theirs: before.logBytesPerSecond / 1000,
          failed: { ours: lost, theirs: 0 },
          ...shared,
        },
        logKbPerSecond,
      ),
    );
  }
  return rows;
}

function tallyText(tally: Tally): string {
  const parts = Object.entries(tally).map(([what, count]) => `${count.toLocaleString('en')} ${what}`);
  return parts.join(', ') || 'nothing was answered';
}

function inMebibytes(bytes: number): string {
  return Math.round(bytes / mebibyte).toLocaleString('en');
}

function figure(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 3 });
}

/** The name and code of an error, without what differs between runs. */
function nameOf(error: string): string {
  return /^\w+(: [A-Z_]+\b)?/.exec(error)?.[0] ?? error;
}
