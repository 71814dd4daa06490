import { createHistogram } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';

export interface Round {
  /** The number of operations in flight: each worker starts its next operation when its last one has ended. */
  readonly inFlight: number;
  /** The share of operations that write, from 0 to 1. */
  readonly writeShare: number;
  /** The share of operations on the first 5 % of the sessions. Default: all sessions are used equally often. */
  readonly hotShare?: number;
  /** The round starts no operation after `milliseconds`, or after `operations` operations, and waits for those in flight. */
  readonly milliseconds: number;
  readonly operations?: number;
}

export interface RoundOutcome {
  readonly operations: number;
  /** Operations that failed. {@link operations} does not include them. */
  readonly failed: number;
  readonly firstFailure?: string;
  readonly seconds: number;
  /** CPU time of all threads of this process. */
  readonly cpuSeconds: number;
  readonly latencyUs: { readonly p50: number; readonly p90: number; readonly p99: number };
  /** How sessions were opened, if the client has a cache. */
  readonly opened?: Opened;
}

/** See `CacheStatistics` of the client. */
export interface Opened {
  readonly live: number;
  readonly validated: number;
  readonly missed: number;
}

/** A round with this many failures ends the run, because its figures would be worthless. */
const maxFailures = 1000;

/**
 * How long operations may keep the event loop busy, in ms. Operations that are answered from memory never yield, but a real web
 * server regularly reads requests from the network.
 */
const maxTurnMs = 1;

/** Runs `operation` in a closed loop. @param first the number of the first operation, which continues the last round */
export async function runRound(
  { inFlight, writeShare, milliseconds, operations = Infinity }: Omit<Round, 'hotShare'>,
  first: number,
  operation: (i: number, isWrite: boolean) => Promise<void>,
): Promise<RoundOutcome> {
  // An HdrHistogram in nanoseconds, up to a minute, with three significant digits.
  const latencies = createHistogram({ lowest: 1, highest: 60e9, figures: 3 });
  let started = 0;
  let failed = 0;
  let firstFailure: unknown;
  const cpu = process.cpuUsage();
  const begin = performance.now();
  const end = begin + milliseconds;

  let turnEnds = begin + maxTurnMs;
  let nextTurn: Promise<void> | undefined;
  function untilNextTurn(): Promise<void> {
    nextTurn ??= setImmediate().then(() => {
      nextTurn = undefined;
      turnEnds = performance.now() + maxTurnMs;
    });
    return nextTurn;
  }

  async function work(): Promise<void> {
    let before = performance.now();
    while (before < end && started < operations && failed < maxFailures) {
      const i = first + started++;
      let ok = true;
      try {
        await operation(i, isWrite(i, writeShare));
      } catch (error) {
        ok = false;
        failed += 1;
        firstFailure ??= error;
      }
      const after = performance.now();
      if (ok) latencies.record(Math.max(1, Math.round((after - before) * 1e6)));
      before = after;
      if (after >= turnEnds) {
        await untilNextTurn();
        before = performance.now();
      }
    }
  }

  await Promise.all(Array.from({ length: inFlight }, work));
  const seconds = (performance.now() - begin) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  if (failed >= maxFailures) throw new Error(`${failed} operations failed, the first with: ${String(firstFailure)}`);
  const percentile = (p: number): number => latencies.percentile(p) / 1000;
  return {
    operations: started - failed,
    failed,
    ...(failed > 0 && { firstFailure: String(firstFailure) }),
    seconds,
    cpuSeconds: (user + system) / 1e6,
    latencyUs: { p50: percentile(50), p90: percentile(90), p99: percentile(99) },
  };
}

/** Spreads writes evenly over the operations. */
export function isWrite(i: number, share: number): boolean {
  return Math.floor((i + 1) * share) > Math.floor(i * share);
}

/**
 * The session that operation `i` uses, of `count` sessions. The sequence is the same for all sides, spreads evenly, and does not
 * use a session twice in quick succession. See {@link Round.hotShare}.
 */
export function sessionOf(i: number, count: number, hotShare?: number): number {
  const place = fraction(i, goldenRatio);
  if (hotShare === undefined) return Math.floor(place * count);
  const hot = Math.ceil(count / 20);
  return fraction(i, otherRatio) < hotShare ? Math.floor(place * hot) : hot + Math.floor(place * (count - hot));
}

/** Numerators over 2 ** 32. The multiples of each spread evenly, and independently of the other's. */
const goldenRatio = 0x9e3779b1;
const otherRatio = 0x85ebca6b;

function fraction(i: number, ratio: number): number {
  return (Math.imul(i, ratio) >>> 0) / 2 ** 32;
}

/** Runs `operation` for 0 to `count` - 1, 32 at a time. */
export async function runAll(count: number, operation: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  async function work(): Promise<void> {
    while (next < count) await operation(next++);
  }
  await Promise.all(Array.from({ length: 32 }, work));
}
