import { SessionClient } from '@session-sidecar/client';
import type { ConnectionOptions } from '@session-sidecar/client';
import { startSidecar } from '@session-sidecar/client/testing';
import type { Sidecar, SidecarOptions } from '@session-sidecar/client/testing';
import type { Stack } from '../../support/stack';

export const minute = 60_000;
export const hour = 60 * minute;

export interface Shop {
  cart: string[];
}

export type Client = SessionClient<Shop>;

export async function start(stack: Stack, options?: SidecarOptions): Promise<Sidecar> {
  const sidecar = await startSidecar(options);
  stack.defer(() => sidecar.stop());
  return sidecar;
}

export function connect(stack: Stack, { address }: Sidecar, options?: Partial<ConnectionOptions>): Client {
  // A busy machine may be slow.
  return stack.use(new SessionClient<Shop>({ address, timeoutMs: 20_000, ...options }));
}

/** Stores a session and returns its token. */
export async function newSession(sessions: Client): Promise<string> {
  const session = await sessions.open(undefined);
  session.set('cart', ['tea']);
  await session.save();
  return session.token ?? '';
}

/** The origin of what `open` returns: `found`, `not_found`, … */
export async function originOf(sessions: Client, token: string): Promise<string> {
  return (await sessions.open(token)).origin;
}

/** Sets variables of this process, and restores them at the end. */
export function setVariables(stack: Stack, variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name];
    process.env[name] = value;
    stack.defer(() => {
      if (before === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before;
    });
  }
}
