import type { Row } from '../row';
import type { Size } from '../shop';
import type { SideName } from '../sides/side';
import type { Stack } from '../stacks';

/** How much is measured. */
export interface Plan {
  /** How many each side stores. */
  readonly sessions: Readonly<Record<Size, number>>;
  /** How long a side is under load before anything is measured. */
  readonly warmUpMs: number;
  /** Rounds of each side where figures have a budget, and elsewhere. */
  readonly careful: { readonly rounds: number; readonly milliseconds: number };
  readonly brief: { readonly rounds: number; readonly milliseconds: number };
  /** Starts of a process where starting is what is measured. */
  readonly starts: number;
  readonly idleMs: number;
  /** Changes after which it is measured how long they were not seen, and how often a sidecar is stopped for that. */
  readonly changes: number;
  readonly freezes: number;
  readonly soakRequests: number;
  readonly attackMs: number;
}

/** What cases run on. */
export interface Bench {
  readonly plan: Plan;
  /**
   * The side with sessions of that size. It is started when it is asked for, and stopped when another size is, or when several
   * other sides were asked for since.
   */
  readonly stack: (side: SideName, size: Size) => Promise<Stack>;
  /** Stops all sides, so that nothing else runs. */
  readonly quiet: () => Promise<void>;
}

/** What is measured together, and the ids of the rows that come of it. */
export interface Case {
  readonly rows: readonly string[];
  /** Takes minutes, so a quick run leaves it out. Default: false. */
  readonly isLong?: boolean;
  run(bench: Bench): Promise<readonly Row[]>;
}
