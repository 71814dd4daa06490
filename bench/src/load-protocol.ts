import type { Round, RoundOutcome } from './closed-loop';
import type { SteadyLoad, SteadyOutcome } from './steady-load';
import type { Size } from './shop';
import type { SideName } from './sides/side';
import type { Target } from './target';

/** The commands of a load process, and their answers. */
export interface LoadCommands {
  start(options: { side: SideName; target: Target }): void;
  fill(options: { count: number; size: Size }): void;
  /** The identifiers of the sessions that {@link fill} has stored: tokens, keys or cookies. */
  ids(options: Record<string, never>): readonly string[];
  /** Uses the sessions of another load process. `firstOperation` keeps the two from using the same session at the same time. */
  adopt(options: { ids: readonly string[]; firstOperation: number }): void;
  round(options: Round): RoundOutcome;
  /** Collects garbage first. */
  memory(options: Record<string, never>): LoadMemory;
  steady(options: SteadyLoad): SteadyOutcome;
  /** Ends the process. */
  close(options: Record<string, never>): void;
}

export interface LoadMemory {
  /** The JavaScript heap and buffers, in bytes. */
  readonly usedBytes: number;
  /** The size that the client's cache reports; 0 without a cache. */
  readonly cachedBytes: number;
  readonly cachedSessions: number;
}
