import type { Logger } from 'pino';
import type { createAdminMethods } from './admin/admin-service';
import type * as AdminModule from './admin/admin-service';
import type { Config } from './config';
import { startAdminServer } from './grpc/admin/admin-server';
import type { AdminObserver, AdminServer } from './grpc/admin/admin-server';
import type { ApiTokens } from './grpc/api-tokens';

export interface AdminContext {
  readonly admin: Parameters<typeof createAdminMethods>[0];
  readonly tokens: ApiTokens;
  readonly observer: AdminObserver;
  readonly logger: Logger;
}

/** Starts the administration service; `undefined`: none is configured, and nothing of it is loaded. */
export async function openAdmin(
  { admin: config, grpc }: Config,
  { admin, ...context }: AdminContext,
): Promise<AdminServer | undefined> {
  if (config === undefined) return undefined;
  const { addresses, socketMode } = config;
  const methods = loadAdmin().createAdminMethods(admin);
  const { listenTimeoutMs } = grpc;
  return startAdminServer({ ...context, methods, addresses, socketMode, listenTimeoutMs });
}

/** Loaded on demand, from a file of the bundle of its own: most sidecars have no administration service. */
function loadAdmin(): typeof AdminModule {
  // oxlint-disable-next-line typescript/no-require-imports
  return require('./admin/admin-service') as typeof AdminModule;
}
