import type { Cluster, Redis } from 'ioredis';
import type { LoadedConfig } from '../../config/load-config';
import type { RedisConnectionOptions } from '../../store/redis/connection/client-options';
import { createClient } from '../../store/redis/connection/client-options';
import { codeOf } from '../../store/redis/redis-errors';
import { CliError } from '../cli-error';

/** For everything that connecting takes: Sentinels, TLS, a login. */
const patienceMs = 10_000;

const deniedCodes = new Set(['WRONGPASS', 'NOAUTH', 'NOPERM']);

/**
 * One connection as the sidecar makes it, or with a Cluster several.
 *
 * @param connectionName what Redis lists it as
 * @throws CliError if the first attempt fails
 */
export async function connectOnce(
  options: RedisConnectionOptions,
  advise: LoadedConfig['advise'],
  connectionName: string,
): Promise<Redis | Cluster> {
  const client = createClient(options, {
    connectionName,
    enableReadyCheck: false,
    // A replica is reported, not left.
    reconnectOnError: () => false,
  });
  const failure = await new Promise<Error | undefined>((resolve) => {
    client.once('ready', () => resolve(undefined));
    client.on('error', resolve);
    setTimeout(() => resolve(new Error('no answer')), patienceMs).unref();
  });
  if (failure === undefined) return client;
  client.disconnect();
  const advice = advise(failure);
  const message = `Redis cannot be reached (${reasonOf(failure)}).${advice === undefined ? '' : ` ${advice}`}`;
  throw new CliError(deniedCodes.has(codeOf(failure) ?? '') ? 'denied' : 'unavailable', message);
}

/** The text of an error of Redis may contain a key. */
function reasonOf(failure: NodeJS.ErrnoException): string {
  return (
    codeOf(failure) ?? failure.code ?? (/timed? ?out|no answer/i.test(failure.message) ? 'no answer' : failure.name)
  );
}
