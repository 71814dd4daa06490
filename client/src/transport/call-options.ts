import { traceContext } from './trace-context';

/** Options of a single call to the sidecar. */
export interface CallOptions {
  /** The time limit of the call, retries included, in milliseconds. Default: the client's `timeoutMs`. */
  readonly timeoutMs?: number | undefined;
  /** Cancels the call when aborted; it rejects with CANCELLED. */
  readonly signal?: AbortSignal | undefined;
  /**
   * gRPC metadata to send, for example `{ traceparent: '00-…' }`. Takes precedence over the active trace context, which is sent
   * if the application uses OpenTelemetry. Default: none.
   */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** Call options of a call whose time limit has started. */
export interface RunningCall {
  /** When the call ends, by `performance.now()`, because the wall clock can be changed. */
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

export function startCall(options: CallOptions | undefined, defaultTimeoutMs: number): RunningCall {
  const timeoutMs = options?.timeoutMs ?? defaultTimeoutMs;
  assertTimeout(timeoutMs);
  return { deadline: performance.now() + timeoutMs, signal: options?.signal, metadata: metadataOf(options) };
}

/** With names in lower case, as gRPC sends them. */
function metadataOf(options: CallOptions | undefined): RunningCall['metadata'] {
  const injected = traceContext();
  if (options?.metadata === undefined) return injected;
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.metadata)) given[name.toLowerCase()] = value;
  // With another traceparent, the tracestate of the active context does not apply.
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
