import { setTimeout as delay } from 'node:timers/promises';
import { SessionError } from '../errors/session-error';
import type { ApiToken } from './api-token';
import type { RunningCall } from './call-options';
import { isIdempotent } from './transport';
import type { MethodName, RequestOf, Transport } from './transport';

/** For calls that may have been applied. Others are retried until their deadline. */
const maxTries = 4;
const backoffMs = { first: 50, max: 100 } as const;

/**
 * Retries calls that may succeed and are safe to repeat: within their deadline, with exponential backoff and jitter, and no
 * sooner than the sidecar requests. A call that was certainly not applied is retried until its deadline, so that it survives a
 * restart of the sidecar or a failover of its store. A call that may have been applied is tried up to four times, and only if
 * its method is idempotent. The error never denies that an earlier attempt may have been applied.
 *
 * @param apiToken read again, once, if the sidecar rejects it
 */
export function retryingTransport(transport: Transport, apiToken?: ApiToken): Transport {
  return {
    async call<M extends MethodName>(method: M, request: RequestOf<M>, options: RunningCall) {
      let hasNewToken = false;
      /** The error of the first attempt that may have been applied. */
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
          const isCertain = wasCertainlyNotApplied(error);
          if (!isCertain) doubt ??= error;
          // The last attempt was certainly not applied, but an earlier one may have been.
          const failure = isCertain && doubt !== undefined ? doubt : error;
          if (attempt >= triesOf(method, error)) throw failure;
          await pause(Math.max(pauseAfter(attempt), error.retryAfterMs ?? 0), options, failure);
        }
      }
    },
    close: () => transport.close(),
  };
}

/** Methods that are not idempotent are retried only if they certainly did not run. */
function triesOf(method: MethodName, error: SessionError): number {
  if (wasCertainlyNotApplied(error)) return Infinity;
  const mayHelp = error.code === 'STORE_UNAVAILABLE' || error.code === 'UNAVAILABLE';
  return mayHelp && isIdempotent(method) ? maxTries : 1;
}

/** Whether the attempt was certainly not applied, for a reason that may pass. */
function wasCertainlyNotApplied({ code, metadata }: SessionError): boolean {
  if (code === 'STORE_UNAVAILABLE') return metadata['maybe_applied'] === 'false';
  return code === 'DRAINING' || code === 'OVERLOADED';
}

/** 25 to 50 ms, then 50 to 100. */
function pauseAfter(attempt: number): number {
  const max = Math.min(backoffMs.max, backoffMs.first * 2 ** (attempt - 1));
  return max * (0.5 + Math.random() / 2);
}

/** @throws `error` at once if the deadline would pass during the pause; CANCELLED if the signal is aborted */
export async function pause(ms: number, { deadline, signal }: RunningCall, error: SessionError): Promise<void> {
  if (performance.now() + ms >= deadline) throw error;
  try {
    await delay(ms, undefined, signal ? { signal } : {});
  } catch (cause) {
    throw new SessionError('CANCELLED', 'The call was cancelled before a retry: its signal was aborted.', { cause });
  }
}
