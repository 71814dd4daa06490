import { setTimeout as delay } from 'node:timers/promises';
import type { RunningCall } from './call-options';
import { SessionError } from './errors';
import { methods } from './transport/transport';
import type { MethodName, RequestOf, Transport } from './transport/transport';

const maxAttempts = 4;
const firstBackoffMs = 50;

/**
 * Tries again what is safe to try again and may succeed: at most four times in all, within the call's deadline, after
 * growing, randomly shortened pauses, and no sooner than the sidecar asks.
 */
export function retrying(transport: Transport): Transport {
  return {
    async call<M extends MethodName>(method: M, request: RequestOf<M>, options: RunningCall) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await transport.call(method, request, options);
        } catch (error) {
          if (attempt === maxAttempts || !SessionError.is(error) || !mayRetry(method, error)) throw error;
          await pause(Math.max(backoffMs(attempt), error.retryAfterMs ?? 0), options, error);
        }
      }
    },
    close: () => transport.close(),
  };
}

/** The API says which methods may run twice; any other only when it is certain that it did not run. */
function mayRetry(method: MethodName, error: SessionError): boolean {
  switch (error.code) {
    case 'DRAINING':
      return true;
    case 'STORE_UNAVAILABLE':
      return error.metadata['maybe_applied'] === 'false' || isIdempotent(method);
    case 'UNAVAILABLE':
      return isIdempotent(method);
    default:
      return false;
  }
}

export function isIdempotent(method: MethodName): boolean {
  const options: { readonly idempotencyLevel?: string } = methods[method].options;
  return options.idempotencyLevel === 'IDEMPOTENT' || options.idempotencyLevel === 'NO_SIDE_EFFECTS';
}

/** 25 to 50 ms, then 50 to 100, then 100 to 200. */
function backoffMs(attempt: number): number {
  return firstBackoffMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
}

/** Waits, or throws `error` at once if the deadline would pass meanwhile or the call is given up. */
export async function pause(ms: number, { deadline, signal }: RunningCall, error: SessionError): Promise<void> {
  if (Date.now() + ms >= deadline) throw error;
  try {
    await delay(ms, undefined, signal ? { signal } : {});
  } catch (cause) {
    throw new SessionError('CANCELLED', 'The call was given up between two tries: its signal was aborted.', { cause });
  }
}
