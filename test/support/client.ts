import { SessionClient, SessionError } from '@session-sidecar/client';
import type { JsonValue } from '@session-sidecar/client';
import type { SessionClientOptions } from '../../client/src/client-options';

/** Generous, because tests run on busy machines. In ms. */
export const patience = 20_000;

/** The public client with a longer deadline than its default. */
export function connect<T extends object = Record<string, JsonValue>>(
  { address }: { readonly address: string },
  options: Partial<SessionClientOptions<T>> = {},
): SessionClient<T> {
  return new SessionClient<T>({ address, timeoutMs: patience, ...options } as unknown as SessionClientOptions<T>);
}

/** The code of the SessionError that a call fails with, any other error itself, or `no error`. */
export function codeOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => 'no error',
    (error: unknown) => (SessionError.is(error) ? error.code : error),
  );
}
