import type { Round, RoundOutcome } from './closed-loop';
import type { SteadyLoad, SteadyOutcome } from './steady-load';
import type { Size } from './shop';
import type { SideName, Target } from './sides/side';

/** The commands and answers of a load process. */
export interface LoadCommands {
  start(options: { side: SideName; target: Target }): void;
  fill(options: { count: number; size: Size }): void;
  /** What names the sessions that {@link fill} has stored: tokens, keys or cookies. */
  ids(options: Record<string, never>): readonly string[];
  /** Uses sessions that another load process has stored, beginning with another operation than that one. */
  adopt(options: { ids: readonly string[]; firstOperation: number }): void;
  round(options: Round): RoundOutcome;
  /** Collects garbage first. */
  memory(options: Record<string, never>): LoadMemory;
  steady(options: SteadyLoad): SteadyOutcome;
  /** Ends the process. */
  close(options: Record<string, never>): void;
}

export interface LoadMemory {
  /** Of the JavaScript heap and of buffers, in bytes. */
  readonly usedBytes: number;
  /** What the client's cache counts; 0 without one. */
  readonly cachedBytes: number;
  readonly cachedSessions: number;
}
