/** One thing that is fuzzed, and what must hold for every input. */
export interface Target {
  readonly name: string;
  /** What must hold, in one sentence. */
  readonly property: string;
  /** Sources, by path or folder, whose coverage decides which inputs are worth changing further. Default: inputs are not guided. */
  readonly guidedBy?: readonly string[];
  /** What to begin with, beside the corpus: small, valid inputs. */
  readonly seeds: readonly Uint8Array[];
  /** Texts that the input's format gives a meaning. */
  readonly dictionary?: readonly string[];
  /** Longest input. Default: 4096. */
  readonly maxBytes?: number;
  /**
   * How many instrumented statements and branches the guiding sources may execute for so many bytes: work that grows faster is a find, on
   * any machine. Default: not checked.
   */
  readonly maxSteps?: (bytes: number) => number;
  /** An input that takes longer hangs, in milliseconds. Default: 30 s, because other work may keep the machine busy. */
  readonly hangMs?: number;
  open(): Promise<OpenTarget>;
}

/** Thrown when not the last input but an earlier one did it. */
export class CulpritError extends Error {
  override readonly name = 'CulpritError';

  constructor(
    readonly input: Buffer,
    cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

export interface OpenTarget {
  /** Rejects or throws when the property does not hold. */
  run(input: Buffer): void | Promise<void>;
  /** Bytes of what the last input was turned into, for {@link Target.maxSteps}. Default: those of the input. */
  readonly size?: number;
  close?(): Promise<void>;
}

export const defaultMaxBytes = 4096;
export const defaultHangMs = 30_000;

/** How long to fuzz a target. */
export interface Budget {
  /** The corpus is replayed first and does not count. */
  readonly seconds: number;
  readonly seed: number;
  /** Has a folder for each target. */
  readonly corpusFolder: string;
}

export interface CorpusEntry {
  readonly file: string;
  readonly input: Buffer;
}

/** An input for which a property did not hold. */
export interface Find {
  /** Absent when the engine keeps inputs itself, as `go test` does. */
  readonly input?: Buffer;
  /** What happened. */
  readonly problem: string;
  /** The file of the corpus it came from; absent: it is new. */
  readonly file?: string;
}

export interface Outcome {
  readonly inputs: number;
  readonly seconds: number;
  readonly finds: readonly Find[];
  /** What is not on this machine; the target did not run. */
  readonly missing?: string | undefined;
}

/** A target with an engine of its own, in another language. */
export interface ForeignTarget {
  readonly name: string;
  readonly property: string;
  fuzz(budget: Budget): Promise<Outcome>;
}
