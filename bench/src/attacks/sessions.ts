import { SessionClient } from '@session-sidecar/client';
import type { Mutation } from '@session-sidecar/proto/session/v1/session';
import { CreateSessionRequest, UpdateSessionRequest } from '@session-sidecar/proto/session/v1/session_service';
import type { AttackTarget } from './attack';

/** Just below the default size limit of a session, 256 KiB. */
export const largeBytes = 250 * 1024;

export interface StoredSession {
  readonly token: string;
  readonly handle: string;
}

/** Stores a session with one value. */
export async function storeSession({ address }: AttackTarget, value: string): Promise<StoredSession> {
  const client = new SessionClient<{ value: string }>({ address, timeoutMs: 10_000 });
  const session = client.create();
  session.set('value', value);
  await session.save();
  client.close();
  return { token: session.token!, handle: session.handle! };
}

/** Builds mutations. Values are JSON texts. */
export const mutation = {
  set: (key: string, value: string): Mutation => ({ kind: { $case: 'set', value: keyAndValue(key, value) } }),
  setIfAbsent: (key: string, value: string): Mutation => ({
    kind: { $case: 'setIfAbsent', value: keyAndValue(key, value) },
  }),
  append: (key: string, value: string): Mutation => ({
    kind: { $case: 'append', value: { ...keyAndValue(key, value), unlessPresent: false } },
  }),
  pushFlash: (queue: string, message: string): Mutation => ({
    kind: { $case: 'pushFlash', value: { queue, message: Buffer.from(message), unlessPresent: false } },
  }),
};

function keyAndValue(key: string, value: string): { key: string; value: Buffer } {
  return { key, value: Buffer.from(value) };
}

export function createRequest(mutations: Mutation[]): Uint8Array {
  return CreateSessionRequest.encode({ ...CreateSessionRequest.decode(new Uint8Array()), mutations }).finish();
}

export function updateRequest(token: string, mutations: Mutation[]): Uint8Array {
  return UpdateSessionRequest.encode({ ...UpdateSessionRequest.decode(new Uint8Array()), token, mutations }).finish();
}

/** `item(0)` to `item(count - 1)`. */
export function times<T>(count: number, item: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, n) => item(n));
}
