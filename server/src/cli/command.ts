import type { Readable } from 'node:stream';
import type { Argument, Option } from 'commander';
import type { OtherWords } from '../config/flags';
import type { ReadFile } from '../config/values';
import { exitCodes } from './exit-codes';
import type { Exit } from './exit-codes';
import type { Output } from './output';

/** A command as its help, docs/reference/commands.md and the completion scripts describe it. */
export interface CommandDefinition {
  /** The words that call it: `session show`. */
  readonly name: string;
  /** One sentence, for lists. */
  readonly summary: string;
  /** What a user must know beyond the summary. */
  readonly description: readonly string[];
  readonly arguments?: readonly Argument[];
  readonly options: readonly Option[];
  /** Whether it takes the settings of `serve` as well, as flags and variables. */
  readonly takesSettings?: true;
  readonly examples: readonly Example[];
  /** The ways in which it ends, beside `internal`. */
  readonly exits: readonly Exit[];
  /** Runs it, and loads what only it needs. */
  readonly run: (invocation: Invocation) => Promise<Exit>;
}

/** In the order of their codes. */
export function exitsOf({ exits }: CommandDefinition): readonly Exit[] {
  return [...exits, 'internal' as const].sort((one, other) => exitCodes[one].code - exitCodes[other].code);
}

export interface Example {
  readonly command: string;
  readonly purpose: string;
}

/** One call of a command. */
export interface Invocation {
  /** The values of its options by their attribute names. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The names of its options, which a misspelt setting may stand for. */
  readonly otherWords: OtherWords;
  /** Its arguments, and the flags that are settings of `serve`. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly output: Output;
  readonly readFile: ReadFile;
  /** Aborted by the first Ctrl-C. The second one ends the process. */
  readonly interrupted: AbortSignal;
}
