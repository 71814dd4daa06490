import { traceContext } from './trace-context';

/** Options of a single call to the sidecar. */
export interface CallOptions {
  /** How long the call may take, in milliseconds, retries included. Default: the client's `timeoutMs`. The sidecar sees it too. */
  readonly timeoutMs?: number | undefined;
  /** Gives the call up when aborted; it rejects with code CANCELLED. */
  readonly signal?: AbortSignal | undefined;
  /**
   * gRPC metadata to send along, for example `{ traceparent: '00-…' }`. Default: the active trace context, where the application
   * uses OpenTelemetry. What is given here goes before that.
   */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** Call options once the clock has started. */
export interface RunningCall {
  /** When the call ends, by `performance.now()`: the wall clock can be set. */
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

export function startCall(options: CallOptions | undefined, defaultTimeoutMs: number): RunningCall {
  const timeoutMs = options?.timeoutMs ?? defaultTimeoutMs;
  assertTimeout(timeoutMs);
  return { deadline: performance.now() + timeoutMs, signal: options?.signal, metadata: metadataOf(options) };
}

/** Names are in lower case, as gRPC sends them. */
function metadataOf(options: CallOptions | undefined): RunningCall['metadata'] {
  const injected = traceContext();
  if (options?.metadata === undefined) return injected;
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.metadata)) given[name.toLowerCase()] = value;
  // The tracestate of one trace says nothing about another.
  return 'traceparent' in given ? given : { ...injected, ...given };
}

export function assertTimeout(timeoutMs: unknown): asserts timeoutMs is number {
  if (typeof timeoutMs !== 'number' || !(timeoutMs > 0 && timeoutMs <= maxTimeoutMs)) {
    throw new RangeError(
      `Expected \`timeoutMs\` to be a number of milliseconds above 0 and up to ${maxTimeoutMs}, got \`${String(timeoutMs)}\` (${typeof timeoutMs})`,
    );
  }
}

/** The longest delay a Node timer can wait. */
const maxTimeoutMs = 2 ** 31 - 1;
