import { parseEnv } from 'node:util';
import { ConfigError, loadLiveConfig } from '../../config';
import type { RedisConfig } from '../../config/config';
import type { LiveConfig } from '../../config/live-config';
import type { ReadFile } from '../../config/values';
import { variable } from '../../setting-names';
import { randomSigningKey } from '../../tokens/token';
import { usageError } from '../cli-error';
import type { Invocation } from '../command';
import { connectOnce } from '../connection/connect-once';
import { serversOf } from '../connection/servers';
import { patient } from './patience';

/** The Redis that has the sessions to import. */
export interface Source {
  readonly redis: RedisConfig;
  readonly advise: LiveConfig['advise'];
  /** Whether it is the database that the sidecar has its sessions in. */
  readonly isTarget: boolean;
}

/**
 * @param target what the settings of the sidecar locate
 * @throws CliError
 */
export function sourceOf(invocation: Invocation, target: RedisConfig, advise: LiveConfig['advise']): Source {
  const { options } = invocation;
  const [url, path] = [options['source'] as string | undefined, options['sourceSettings'] as string | undefined];
  if (url !== undefined && path !== undefined) throw usageError('--source and --source-settings: Set only one.');
  if (url === undefined && path === undefined) return { redis: target, advise, isTarget: true };
  const { readFile } = invocation;
  const found = path === undefined ? sourceAt(url!, readFile) : sourceIn(path, readFile);
  return { ...found, redis: patient(found.redis), isTarget: locationOf(found.redis) === locationOf(target) };
}

/** What distinguishes a source from others. Contains no password. */
export function locationOf({ mode, nodes, socketPath, db, sentinel }: RedisConfig): string {
  return JSON.stringify([mode, nodes, socketPath, db, sentinel?.master]);
}

/** Connects to each server that has a part of the keys. @throws CliError */
export async function connectSource({ redis, advise }: Source) {
  const client = await connectOnce(redis, advise, 'session-sidecar-import');
  return { servers: await serversOf(client), close: () => client.disconnect() };
}

function sourceAt(url: string, readFile: ReadFile) {
  const env = { [variable('redisUrl')]: url };
  return located(env, readFile, (problem) => problem.replace(variable('redisUrl'), '--source'));
}

function sourceIn(path: string, readFile: ReadFile) {
  let settings: NodeJS.Dict<string>;
  try {
    settings = parseEnv(readFile(path).toString());
  } catch {
    throw usageError('--source-settings: The file cannot be read.');
  }
  return located(settings, readFile, (problem) => `in the file of --source-settings: ${problem}`);
}

function located(env: NodeJS.Dict<string>, readFile: ReadFile, about: (problem: string) => string) {
  try {
    const key = randomSigningKey().toString('base64');
    // Nothing is signed, but the settings of a sidecar with Redis have a key.
    const loaded = loadLiveConfig({ args: [], env: { [variable('signingKeys')]: key, ...env }, readFile });
    const { store } = loaded.config;
    if (store.kind === 'redis') return { redis: store.redis, advise: loaded.advise };
    throw usageError(about('Expected settings that locate a Redis, such as REDIS_URL.'));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw usageError(error.problems.map(about).join('\nerror: '));
  }
}
