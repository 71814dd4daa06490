import type { Mode } from './modes';
import type { Random } from './random';
import type { Workload } from './worker/protocol';

/** One mode with one way to set up the sidecars. */
export interface Part {
  readonly mode: Mode;
  readonly nearCache: boolean;
  /** How long its rounds are together, in ms. */
  readonly milliseconds: number;
  readonly seed: number;
}

export interface RoundPlan {
  readonly workload: Omit<Workload, 'seed'>;
  /** Begun one after another, each after a pause. */
  readonly faults: readonly PlannedFault[];
}

export interface PlannedFault {
  /** Position in the faults of the mode. */
  readonly index: number;
  readonly pauseMs: number;
  readonly seed: number;
  /** The position in the faults of sidecars of one that happens at the same time. */
  readonly besides?: number | undefined;
}

/** A part that is shorter shows little: Redis, sidecars and callers have to be started for it. */
const shortestPartMs = 7000;

/**
 * Divides the time over modes and settings. Where there is not enough for all, the seed chooses: first which modes go without one of the
 * settings, then which are left out.
 */
export function planParts(
  modes: readonly Mode[],
  nearCache: 'on' | 'off' | 'both',
  milliseconds: number,
  random: Random,
): Part[] {
  const settingsOf = (mode: Mode): boolean[] => {
    const wanted = { on: [true], off: [false], both: [false, true] }[nearCache];
    return mode.nearCache.filter((setting) => wanted.includes(setting));
  };
  const most = Math.max(1, Math.floor(milliseconds / shortestPartMs));
  const full = modes.flatMap((mode) => settingsOf(mode).map((setting) => ({ mode, nearCache: setting })));
  const parts =
    full.length <= most
      ? full
      : random
          .shuffle(
            modes
              .filter((mode) => settingsOf(mode).length > 0)
              .map((mode) => ({ mode, nearCache: random.pick(settingsOf(mode)) })),
          )
          .slice(0, most);
  return parts.map((part) => ({
    ...part,
    milliseconds: milliseconds / parts.length,
    seed: random.int(0, 0x7fff_ffff),
  }));
}

/** Longest that a fault takes as a rule, with what comes after it, in ms. */
const perFaultMs = 6000;

/** @param milliseconds how long the round should take at most */
export function planRound(
  mode: Pick<Mode, 'faults' | 'besides' | 'readingSidecar'>,
  milliseconds: number,
  random: Random,
): RoundPlan {
  const mostFaults = Math.min(3, Math.max(1, Math.floor(milliseconds / perFaultMs)));
  return {
    workload: {
      lanes: random.pick([2, 4, 6, 6, 10, 24, 64]),
      longestPauseMs: random.pick([10, 25, 60]),
      sharedSlots: random.int(2, 5),
      idleSlots: 2,
      readingSidecar: mode.readingSidecar ?? (random.chance(0.3) ? random.pick(['a', 'b']) : undefined),
    },
    faults: Array.from({ length: random.int(1, mostFaults) }, (_, number) => ({
      index: random.int(0, mode.faults.length - 1),
      pauseMs: number === 0 ? random.int(300, 700) : random.int(0, 2500),
      seed: random.int(0, 0x7fff_ffff),
      besides: mode.besides.length > 0 && random.chance(0.15) ? random.int(0, mode.besides.length - 1) : undefined,
    })),
  };
}
