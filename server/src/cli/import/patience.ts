import type { RedisConfig } from '../../config/config';

const patienceMs = 15_000;

/** The time limits of the settings are for callers that wait for an answer: an import waits itself. */
export function patient(redis: RedisConfig): RedisConfig {
  return {
    ...redis,
    commandTimeoutMs: Math.max(patienceMs, redis.commandTimeoutMs),
    connectTimeoutMs: Math.max(patienceMs, redis.connectTimeoutMs),
    maxSilenceMs: Math.max(patienceMs, redis.maxSilenceMs),
  };
}
