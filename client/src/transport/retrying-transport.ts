import { setTimeout as delay } from 'node:timers/promises';
import type { RunningCall } from './call-options';
import { SessionError } from '../errors/session-error';
import type { ApiToken } from './api-token';
import { isIdempotent } from './transport';
import type { MethodName, RequestOf, Transport } from './transport';

/** For calls that may have been done. Others are tried until their deadline. */
const maxTries = 4;
const backoffMs = { first: 50, longest: 100 } as const;

/**
 * Tries again what is safe to try again and may succeed: within the call's deadline, after growing, randomly shortened pauses,
 * and no sooner than the sidecar asks. A call that was certainly not done is tried until its deadline, so that it outlasts a
 * restart of the sidecar or a failover of its store. One that may have been done is tried four times at most, and only if its
 * method may run twice.
 *
 * @param apiToken read again before a call that was refused because of it is tried once more
 */
export function retryingTransport(transport: Transport, apiToken?: ApiToken): Transport {
  return {
    async call<M extends MethodName>(method: M, request: RequestOf<M>, options: RunningCall) {
      let hasNewToken = false;
      /** What the first attempt that may have been carried out failed with. */
      let doubt: SessionError | undefined;
      for (let attempt = 1; ; attempt++) {
        try {
          return await transport.call(method, request, options);
        } catch (error) {
          if (!SessionError.is(error)) throw error;
          if (error.code === 'API_TOKEN_INVALID' && apiToken?.canChange && !hasNewToken) {
            apiToken.reload();
            hasNewToken = true;
            continue;
          }
          const isCertain = wasCertainlyNotDone(error);
          if (!isCertain) doubt ??= error;
          // That the last attempt did nothing does not say so of those before.
          const failure = isCertain && doubt !== undefined ? doubt : error;
          if (attempt >= triesOf(method, error)) throw failure;
          await pause(Math.max(pauseAfter(attempt), error.retryAfterMs ?? 0), options, failure);
        }
      }
    },
    close: () => transport.close(),
  };
}

/** The API says which methods may run twice; any other only when it is certain that it did not run. */
function triesOf(method: MethodName, error: SessionError): number {
  if (wasCertainlyNotDone(error)) return Infinity;
  const mayHelp = error.code === 'STORE_UNAVAILABLE' || error.code === 'UNAVAILABLE';
  return mayHelp && isIdempotent(method) ? maxTries : 1;
}

/** Nothing came of the attempt, for a reason that may pass. */
function wasCertainlyNotDone({ code, metadata }: SessionError): boolean {
  if (code === 'STORE_UNAVAILABLE') return metadata['maybe_applied'] === 'false';
  return code === 'DRAINING' || code === 'OVERLOADED';
}

/** 25 to 50 ms, then 50 to 100. */
function pauseAfter(attempt: number): number {
  const longest = Math.min(backoffMs.longest, backoffMs.first * 2 ** (attempt - 1));
  return longest * (0.5 + Math.random() / 2);
}

/** Waits, or throws `error` at once if the deadline would pass meanwhile or the call is given up. */
export async function pause(ms: number, { deadline, signal }: RunningCall, error: SessionError): Promise<void> {
  if (performance.now() + ms >= deadline) throw error;
  try {
    await delay(ms, undefined, signal ? { signal } : {});
  } catch (cause) {
    throw new SessionError('CANCELLED', 'The call was given up between two tries: its signal was aborted.', { cause });
  }
}
