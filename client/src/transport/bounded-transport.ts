import type { RunningCall } from './call-options';
import { SessionError } from '../errors/session-error';
import { methods } from './transport';
import type { MethodName, RequestOf, Transport } from './transport';

export interface PendingLimits {
  /**
   * How many calls may be pending: waiting for the sidecar, sent and not answered, or about to be tried again. One more is
   * refused with code OVERLOADED, so that an application whose sidecar hangs does not fill its memory. Default: 10000.
   */
  readonly maxPendingCalls?: number | undefined;
  /** How many bytes the requests of pending calls may have. Default: 64 MiB. */
  readonly maxPendingBytes?: number | undefined;
}

const defaults = { maxPendingCalls: 10_000, maxPendingBytes: 64 * 1024 * 1024 };

/** @throws RangeError for a limit that is not a positive number. */
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
      // A single request is never too much, or it could never be sent.
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
      `${methods[method].name} at ${address} was not sent: the calls pending have reached the client's limit, ${limit}.`,
    );
  }
}

/** Keys and values make up what is large in a request. */
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
