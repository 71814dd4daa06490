import type { Redis } from 'ioredis';
import type { RedisConfig } from '../../../config/config';
import { variable } from '../../../setting-names';
import { ClientTracking } from '../../../store/redis/change-feed/client-tracking';
import { createSubscriber } from '../../../store/redis/connection/connect';
import { msText } from '../../units';
import { ok, problem, warning } from '../finding';
import type { Finding } from '../finding';

/** Redis reports a change within milliseconds. */
const patienceMs = 2_000;

const lifetimeMs = 10_000;

/**
 * Has Redis report a change as the change feed does: one connection reads a key, another one changes it.
 *
 * @param writer a connection to the same server
 */
export async function checkTracking(redis: RedisConfig, data: Redis, writer: Redis, key: string): Promise<Finding> {
  const check = 'client tracking';
  const outcome = await reportedAfter(redis, data, writer, key);
  if (typeof outcome === 'number') return ok(check, `a change was reported after ${msText(outcome)}`);
  const effect = 'Live reads of client caches need it; without it, they validate each copy.';
  const advice = `${effect} Give the user +client|tracking +client|id +subscribe +ping &__redis__:invalidate, and let no proxy be in between.`;
  const found = `Redis reports no changes: ${outcome}`;
  if (redis.nearCacheBytes === undefined) return warning(check, found, advice);
  return problem(check, found, `${variable('nearCacheBytes')} has no effect. ${advice}`);
}

/** @returns in ms; or why nothing was reported */
async function reportedAfter(redis: RedisConfig, data: Redis, writer: Redis, key: string): Promise<number | string> {
  const subscriber = createSubscriber(redis, () => {});
  let resolve: (outcome: number | string) => void = () => {};
  const outcome = new Promise<number | string>((settle) => (resolve = settle));
  const timer = setTimeout(() => resolve('no report arrived'), patienceMs + redis.connectTimeoutMs);
  let changedAt: number | undefined;
  const change = async (): Promise<void> => {
    await data.get(key);
    changedAt = performance.now();
    await writer.set(key, 'session-sidecar doctor', 'PX', lifetimeMs);
  };
  const tracking = new ClientTracking({
    ...{ data, subscriber },
    onTrouble: ({ cause }) => resolve(codeOfReply(cause)),
    listener: {
      onConfirmed: () => {
        if (changedAt === undefined) change().catch((error: unknown) => resolve(codeOfReply(error)));
      },
      onInvalidated: (keys) => {
        if (keys?.includes(key) === true) resolve(performance.now() - (changedAt ?? 0));
      },
      onLost: () => {},
    },
  });
  tracking.start();
  try {
    return await outcome;
  } finally {
    clearTimeout(timer);
    tracking.stop();
    await writer.unlink(key).catch(() => {});
  }
}

/** The first word of an error reply of Redis; its text may contain a key. */
function codeOfReply(error: unknown): string {
  const [code] = error instanceof Error ? (/^[A-Z]+(?= )/.exec(error.message) ?? []) : [];
  return code === undefined ? 'it cannot be turned on' : `it cannot be turned on (${code})`;
}
