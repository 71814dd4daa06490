import { readFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { startApp } from '../../server/src/app';
import { loadConfig } from '../../server/src/config';
import type { Clock } from '../../server/src/inspector/clock';
import { createLogger } from '../../server/src/logging';

export type LogLevel = 'debug' | 'info' | 'silent';

/** A complete sidecar that runs in this process. */
export interface Sidecar {
  /** For SessionClient. */
  readonly address: string;
  readonly httpUrl: string;
  /** `undefined`: no inspector. */
  readonly inspectorUrl: string | undefined;
  /** `undefined`: no administration service. */
  readonly adminAddress: string | undefined;
  /** The log so far, from the level {@link SidecarOptions.logLevel} up. */
  log(): string;
  close(): Promise<void>;
}

export interface SidecarOptions {
  /** Default: the memory store. */
  readonly redisUrl?: string | undefined;
  /** Default: a free port. */
  readonly grpcAddress?: string | undefined;
  /** More settings, as variables: `{ SESSION_SIDECAR_IDLE_TIMEOUT: '1s' }`. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Default: nothing is logged. */
  readonly logLevel?: LogLevel | undefined;
  /** The clock of the inspector's charts. Default: the system's. */
  readonly inspectorClock?: Clock | undefined;
}

/** Shared, so that all sidecars of a test accept each other's tokens. */
const signingKey = Buffer.alloc(32, 'test').toString('base64');

/** jest.config.mjs runs the promise tests with a near cache as well. */
function nearCache(): Record<string, string> {
  return (globalThis as { nearCache?: boolean }).nearCache === true ? { SESSION_SIDECAR_NEAR_CACHE: '64MiB' } : {};
}

export async function startSidecar({
  redisUrl,
  grpcAddress = '127.0.0.1:0',
  env,
  logLevel = 'silent',
  inspectorClock,
}: SidecarOptions = {}): Promise<Sidecar> {
  const { config, report } = loadConfig({
    env: {
      SESSION_SIDECAR_GRPC_ADDRESS: grpcAddress,
      SESSION_SIDECAR_HTTP_ADDRESS: '127.0.0.1:0',
      SESSION_SIDECAR_SIGNING_KEYS: signingKey,
      SESSION_SIDECAR_REDIS_URL: redisUrl,
      ...(redisUrl !== undefined && nearCache()),
      ...env,
    },
    args: [],
    readFile: readFileSync,
  });
  let log = '';
  const destination = new Writable({
    write(line: Buffer, _encoding, done) {
      log += line.toString();
      done();
    },
  });
  const logger = createLogger(logLevel, destination);
  const app = await startApp(config, { logger, version: 'test', report, inspectorClock });
  const [address = ''] = app.addresses.grpc;
  let closed: Promise<unknown> | undefined;
  return {
    address,
    httpUrl: app.addresses.http,
    inspectorUrl: app.addresses.inspector,
    adminAddress: app.addresses.admin?.[0],
    log: () => log,
    close: async () => {
      await (closed ??= app.close());
    },
  };
}

/** The number of calls so far by method, whatever their outcome. */
export async function countRpcs({ httpUrl }: Pick<Sidecar, 'httpUrl'>): Promise<Readonly<Record<string, number>>> {
  const metrics = await (await fetch(`${httpUrl}/metrics`)).text();
  const counts: Record<string, number> = {};
  for (const [, labels = '', count] of metrics.matchAll(/^session_sidecar_rpcs_total\{(.*)\} (\d+)$/gm)) {
    const method = /method="([^"]+)"/.exec(labels)?.[1] ?? '';
    counts[method] = (counts[method] ?? 0) + Number(count);
  }
  return counts;
}
