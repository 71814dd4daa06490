import type { Mode } from './modes';
import type { Random } from './random';
import type { Workload } from './worker/protocol';

/** One mode with one setting of the near cache. */
export interface Part {
  readonly mode: Mode;
  readonly nearCache: boolean;
  /** The duration of all its rounds together. */
  readonly milliseconds: number;
  readonly seed: number;
}

export interface RoundPlan {
  readonly workload: Omit<Workload, 'seed' | 'round'>;
  /** Injected one after another, each after a pause. */
  readonly faults: readonly PlannedFault[];
}

export interface PlannedFault {
  /** The index in the mode's `faults`. */
  readonly index: number;
  readonly pauseMs: number;
  readonly seed: number;
  /** The index in the mode's `besides` of a simultaneous fault. */
  readonly besides?: number | undefined;
}

/** A shorter part is not worth starting Redis, sidecars and callers for it. */
const minPartMs = 7000;

/**
 * Divides the time between modes and settings. If there is not enough for all, the seed chooses: first, which setting each mode runs
 * with, then which modes are left out.
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
  const maxParts = Math.max(1, Math.floor(milliseconds / minPartMs));
  const full = modes.flatMap((mode) => settingsOf(mode).map((setting) => ({ mode, nearCache: setting })));
  const parts =
    full.length <= maxParts
      ? full
      : random
          .shuffle(
            modes
              .filter((mode) => settingsOf(mode).length > 0)
              .map((mode) => ({ mode, nearCache: random.pick(settingsOf(mode)) })),
          )
          .slice(0, maxParts);
  return parts.map((part) => ({
    ...part,
    milliseconds: milliseconds / parts.length,
    seed: random.int(0, 0x7fff_ffff),
  }));
}

/** How long a fault and its recovery usually take at most, in ms. */
const perFaultMs = 6000;

/** The idle timeout of sessions that would otherwise keep an old key in use, in ms. */
const abandonedMs = 10_000;

/** Chooses the calls and faults of a round. @param milliseconds the time that is left for it */
export function planRound(
  mode: Pick<Mode, 'faults' | 'besides' | 'readingSidecar' | 'users' | 'operator' | 'encrypted'>,
  milliseconds: number,
  random: Random,
): RoundPlan {
  const maxFaults = Math.min(3, Math.max(1, Math.floor(milliseconds / perFaultMs)));
  return {
    workload: {
      lanes: random.pick([2, 4, 6, 6, 10, 24, 64]),
      maxPauseMs: random.pick([10, 25, 60]),
      sharedSlots: mode.users === true ? random.int(6, 16) : random.int(2, 5),
      idleSlots: 2,
      users: mode.users === true,
      operator: mode.operator === true,
      // Sessions that are not used any more expire, so that their key can be removed.
      idleTimeoutMs: mode.encrypted === true ? abandonedMs : undefined,
      readingSidecar: mode.readingSidecar ?? (random.chance(0.3) ? random.pick(['a', 'b']) : undefined),
    },
    faults: Array.from({ length: random.int(1, maxFaults) }, (_, number) => ({
      index: random.int(0, mode.faults.length - 1),
      pauseMs: number === 0 ? random.int(300, 700) : random.int(0, 2500),
      seed: random.int(0, 0x7fff_ffff),
      besides: mode.besides.length > 0 && random.chance(0.15) ? random.int(0, mode.besides.length - 1) : undefined,
    })),
  };
}
