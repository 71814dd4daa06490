import type { Round, RoundOutcome } from './closed-loop';
import type { Size } from './shop';
import type { SideName, Target } from './sides/side';

/** What a load process can be told, and what it answers. */
export interface LoadCommands {
  start(options: { side: SideName; target: Target }): void;
  fill(options: { count: number; size: Size }): void;
  round(options: Round): RoundOutcome;
  /** Ends the process. */
  close(options: Record<string, never>): void;
}

export type LoadCommand = keyof LoadCommands;
export type OptionsOf<C extends LoadCommand> = Parameters<LoadCommands[C]>[0];
export type AnswerOf<C extends LoadCommand> = ReturnType<LoadCommands[C]>;

export interface LoadRequest {
  readonly command: LoadCommand;
  readonly options: unknown;
}

export type LoadReply = { readonly answer: unknown } | { readonly error: string };
