import { SessionClient, SessionError } from '@session-sidecar/client';
import type { JsonValue } from '@session-sidecar/client';
import type { SessionClientOptions } from '../../client/src/session-client';

/** Long, because a machine that runs tests is busy. */
export const patience = 20_000;

/** The public client, with more time than it takes by default. */
export function connect<T extends object = Record<string, JsonValue>>(
  { address }: { readonly address: string },
  options: Partial<SessionClientOptions<T>> = {},
): SessionClient<T> {
  return new SessionClient<T>({ address, timeoutMs: patience, ...options } as unknown as SessionClientOptions<T>);
}

/** The code of the error that a call fails with, or `no error`. Other errors are as they are. */
export function codeOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => 'no error',
    (error: unknown) => (SessionError.is(error) ? error.code : error),
  );
}
