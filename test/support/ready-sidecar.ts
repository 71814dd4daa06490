import { readFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { startApp } from '../../server/src/app';
import { loadConfig } from '../../server/src/config';
import { createLogger } from '../../server/src/logging';
import { until } from './poll';
import { startSidecar } from './sidecar';
import type { Sidecar, SidecarOptions } from './sidecar';

/** A machine that is busy with other tests must not look like a Redis that hangs. */
const patience = { SESSION_SIDECAR_REDIS_COMMAND_TIMEOUT: '20s', SESSION_SIDECAR_REDIS_MAX_SILENCE: '20s' };

/** A sidecar whose store can be used. */
export async function startReadySidecar(options: SidecarOptions = {}): Promise<Sidecar> {
  const env = options.redisUrl === undefined ? options.env : { ...patience, ...options.env };
  const sidecar = await startSidecar({ ...options, env });
  await until('the sidecar to be ready', () => isReady(sidecar));
  return sidecar;
}

export async function isReady({ httpUrl }: Sidecar): Promise<boolean> {
  return (await fetch(`${httpUrl}/readyz`)).ok;
}

/** One number of a sidecar's metrics, without labels. */
export async function metricOf({ httpUrl }: Sidecar, name: string): Promise<number> {
  const metrics = await (await fetch(`${httpUrl}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(metrics)?.[1]);
}

/** How many reads its near cache answered. */
export function nearCacheHitsOf(sidecar: Sidecar): Promise<number> {
  return metricOf(sidecar, 'session_sidecar_near_cache_reads_total\\{result="hit"\\}');
}

export interface LoggedSidecar extends Sidecar {
  /** Everything logged so far, as written. */
  log(): string;
}

/** As {@link startReadySidecar}, with its log kept. `env` holds all settings. */
export async function startLoggedSidecar(env: Readonly<Record<string, string>>): Promise<LoggedSidecar> {
  let log = '';
  const destination = new Writable({
    write(line: Buffer, _encoding, done) {
      log += line.toString();
      done();
    },
  });
  const { config } = loadConfig({
    env: {
      SESSION_SIDECAR_GRPC_ADDRESS: '127.0.0.1:0',
      SESSION_SIDECAR_HTTP_ADDRESS: '127.0.0.1:0',
      SESSION_SIDECAR_SIGNING_KEYS: Buffer.alloc(32, 'test').toString('base64'),
      ...(env['SESSION_SIDECAR_REDIS_URL'] === undefined ? {} : patience),
      ...env,
    },
    args: [],
    readFile: readFileSync,
  });
  const app = await startApp(config, { logger: createLogger('debug', destination), version: 'test' });
  const [address = ''] = app.addresses.grpc;
  const close = async (): Promise<void> => {
    await app.close();
  };
  const sidecar = { address, httpUrl: app.addresses.http, log: () => log, close };
  await until('the sidecar to be ready', () => isReady(sidecar));
  return sidecar;
}
