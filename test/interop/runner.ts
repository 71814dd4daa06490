/** A step as a runner receives it: with tokens filled in, and with values as JSON texts. */
export interface Order {
  readonly actor: string;
  readonly op: string;
  readonly token?: string | undefined;
  readonly key?: string | undefined;
  readonly value?: string | undefined;
  readonly queue?: string | undefined;
  readonly unique?: boolean | undefined;
  readonly id?: string | undefined;
  readonly seconds?: number | undefined;
  readonly rpc?: string | undefined;
  readonly request?: string | undefined;
  /** For startLoad: how many sessions are used concurrently. */
  readonly workers?: number | undefined;
}

export interface Outcome {
  readonly result?: unknown;
  readonly error?: Readonly<Record<string, unknown>>;
}

/** The result of load and stopLoad. */
export interface LoadReport {
  readonly calls: number;
  /** The number of failed calls by operation and code: `{ 'save UNAVAILABLE': 1 }`. */
  readonly failures: Readonly<Record<string, number>>;
  /** The messages of the first failures. */
  readonly messages: readonly string[];
  readonly longestMs: number;
}

/** Executes steps with the client of one language. Each actor has a session of its own. */
export interface Runner {
  run(order: Order): Promise<Outcome>;
}

/** The deadline of a call. Generous, because tests run on busy machines. */
export const defaultTimeoutSeconds = 20;
