import { SessionError } from '../errors/session-error';
import type { RunningCall } from './call-options';
import { methods } from './transport';
import type { MethodName, RequestOf, Transport } from './transport';

export interface PendingLimits {
  /**
   * The maximum number of pending calls: waiting for the sidecar, in flight, or waiting for a retry. Further calls reject with
   * OVERLOADED, so that an unresponsive sidecar does not exhaust the application's memory. Default: 10000.
   */
  readonly maxPendingCalls?: number | undefined;
  /** The maximum total size of the requests of pending calls, in bytes. Default: 64 MiB. */
  readonly maxPendingBytes?: number | undefined;
}

const defaults = { maxPendingCalls: 10_000, maxPendingBytes: 64 * 1024 * 1024 };

/**
 * Limits the pending calls of a transport.
 *
 * @throws RangeError for a limit that is not a number from 1 up
 */
export function boundedTransport(
  transport: Transport,
  address: string,
  { maxPendingCalls = defaults.maxPendingCalls, maxPendingBytes = defaults.maxPendingBytes }: PendingLimits = {},
): Transport {
  assertLimit('maxPendingCalls', maxPendingCalls);
  assertLimit('maxPendingBytes', maxPendingBytes);
  let pendingCalls = 0;
  let pendingBytes = 0;

  return {
    async call<M extends MethodName>(method: M, request: RequestOf<M>, options: RunningCall) {
      const bytes = approximateBytes(request);
      if (pendingCalls >= maxPendingCalls) throw overloaded(method, `\`maxPendingCalls\`, ${maxPendingCalls}`);
      // A single request may exceed the limit, or it could never be sent.
      if (pendingBytes > 0 && pendingBytes + bytes > maxPendingBytes) {
        throw overloaded(method, `\`maxPendingBytes\`, ${maxPendingBytes}`);
      }
      pendingCalls += 1;
      pendingBytes += bytes;
      try {
        return await transport.call(method, request, options);
      } finally {
        pendingCalls -= 1;
        pendingBytes -= bytes;
      }
    },
    close: () => transport.close(),
  };

  function overloaded(method: MethodName, limit: string): SessionError {
    return new SessionError(
      'OVERLOADED',
      `${methods[method].name} at ${address} was not sent: pending calls have reached the client's limit, ${limit}.`,
    );
  }
}

/** Only keys, values and messages can be large. */
function approximateBytes(request: RequestOf<MethodName>): number {
  let bytes = 'token' in request ? request.token.length : 0;
  if (!('mutations' in request)) return bytes;
  for (const { kind } of request.mutations) {
    const { value } = kind ?? {};
    if (value === undefined) continue;
    bytes += 64;
    if ('key' in value) bytes += value.key.length;
    if ('value' in value) bytes += value.value.length;
    if ('message' in value) bytes += value.message.length;
  }
  return bytes;
}

function assertLimit(name: string, limit: unknown): void {
  if (typeof limit === 'number' && limit >= 1) return;
  throw new RangeError(`Expected \`${name}\` to be a number from 1 up, got \`${String(limit)}\` (${typeof limit})`);
}
