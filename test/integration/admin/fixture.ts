import type { AdminSession, SessionResult } from '@session-sidecar/proto/session/admin/v1/admin_service';
import { SessionResultStatus } from '@session-sidecar/proto/session/admin/v1/admin_service';
import { connectAdmin } from '../../support/raw-admin';
import type { RawAdmin } from '../../support/raw-admin';
import { connectRaw, mutation } from '../../support/raw-grpc';
import type { RawClient } from '../../support/raw-grpc';
import type { Sidecar } from '../../support/sidecar';
import type { SidecarOptions, Stack } from '../../support/stack';

export const adminToken = 'a-token-for-operators-only';

/** What turns the administration service on, on a free port. */
export const adminSettings = { ADMIN_ADDRESS: '127.0.0.1:0', ADMIN_TOKENS: adminToken };

/** A sidecar as its application and its operator see it. */
export interface Administered {
  readonly sidecar: Sidecar;
  readonly app: RawClient;
  readonly admin: RawAdmin;
}

export async function startAdministered(stack: Stack, options: SidecarOptions = {}): Promise<Administered> {
  const sidecar = await stack.sidecar({ ...options, settings: { ...adminSettings, ...options.settings } });
  const app = stack.use(connectRaw(sidecar.address));
  return { sidecar, app, admin: stack.use(connectAdmin(sidecar.adminAddress, adminToken)) };
}

export interface SignedIn {
  readonly token: string;
  readonly handle: string;
}

export async function signIn(app: RawClient, subject?: string, value = '"tea"'): Promise<SignedIn> {
  const { token, session } = await app.call('createSession', { subject, mutations: [mutation.set('cart', value)] });
  return { token, handle: session!.handle };
}

export async function isAlive(app: RawClient, { token }: SignedIn): Promise<boolean> {
  return app.call('getSession', { token }).then(
    () => true,
    () => false,
  );
}

export function statusesOf(results: readonly SessionResult[]): (string | undefined)[] {
  return results.map(({ status }) => SessionResultStatus[status]);
}

export function sessionsOf(results: readonly SessionResult[]): (AdminSession | undefined)[] {
  return results.map(({ session }) => session);
}
