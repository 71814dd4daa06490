import type { Row } from '../row';
import type { Size } from '../shop';
import type { SideName } from '../sides/side';
import type { Stack } from '../stacks';

/** How much is measured. */
export interface Plan {
  /** The number of sessions that each side stores, by size. */
  readonly sessions: Readonly<Record<Size, number>>;
  /** How long a side warms up. */
  readonly warmUpMs: number;
  /** Rounds of each side in cases with a budget (`careful`) and in others (`brief`). */
  readonly careful: { readonly rounds: number; readonly milliseconds: number };
  readonly brief: { readonly rounds: number; readonly milliseconds: number };
  /** How often a process is started to measure its start. */
  readonly starts: number;
  readonly idleMs: number;
  /** How many changes the staleness is measured with, and how many with a frozen sidecar. */
  readonly changes: number;
  readonly freezes: number;
  readonly soakRequests: number;
  readonly attackMs: number;
}

/** What a case runs on. */
export interface Bench {
  readonly plan: Plan;
  /**
   * A started side with sessions of a size. It stays started until a case requests another size, or several other sides.
   */
  readonly stack: (side: SideName, size: Size) => Promise<Stack>;
  /** Stops all sides, so that nothing else runs. */
  readonly quiet: () => Promise<void>;
}

/** A measurement, and the ids of its rows. */
export interface Case {
  readonly rows: readonly string[];
  /** Whether a quick run leaves it out, because it takes minutes. Default: false. */
  readonly isLong?: boolean;
  run(bench: Bench): Promise<readonly Row[]>;
}
