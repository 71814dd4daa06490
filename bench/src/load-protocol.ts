import type { Round, RoundOutcome } from './closed-loop';
import type { SteadyLoad, SteadyOutcome } from './steady-load';
import type { Size } from './shop';
import type { SideName, Target } from './sides/side';

/** The commands and answers of a load process. */
export interface LoadCommands {
  start(options: { side: SideName; target: Target }): void;
  fill(options: { count: number; size: Size }): void;
  round(options: Round): RoundOutcome;
  steady(options: SteadyLoad): SteadyOutcome;
  /** Ends the process. */
  close(options: Record<string, never>): void;
}
