import { variable } from '../../../setting-names';
import { bytesText } from '../../units';
import { ok, problem, unknown, warning } from '../finding';
import type { Finding } from '../finding';
import type { ServerInfo } from '../server-info';

const page = 'docs/reference/storage.md#when-redis-is-full';
const safe = 'CONFIG SET maxmemory-policy noeviction';

/** @param expireKeys whether keys have a TTL */
export function checkEviction(info: ServerInfo, expireKeys: boolean): Finding {
  const check = 'eviction policy';
  const policy = info.get('maxmemory_policy');
  if (policy === undefined) return unknown(check, 'INFO has no maxmemory_policy', `Expected noeviction: ${page}`);
  const suitsLru = policy === 'allkeys-lru' || policy === 'allkeys-lfu';
  if (!expireKeys) {
    if (suitsLru) return ok(check, policy);
    return problem(
      check,
      `${policy}, and keys have no TTL`,
      `Records of ended sessions stay until Redis is full. Set maxmemory-policy to allkeys-lru or allkeys-lfu, or turn ${variable('redisTtl')} on. See ${page}`,
    );
  }
  if (policy === 'noeviction') return ok(check, policy);
  const repair = `${safe}, and the same in redis.conf. See ${page}`;
  if (info.get('maxmemory') === '0') {
    return warning(check, `${policy}, without effect because there is no limit`, `Before you set a limit: ${repair}`);
  }
  return problem(check, policy, `Redis deletes sessions when it is full, and signs their visitors out. ${repair}`);
}

/** Above this share, there is little time left to react. */
const nearlyFull = 0.9;

export function checkMemory(info: ServerInfo): Finding {
  const check = 'memory';
  const used = Number(info.get('used_memory') ?? NaN);
  const limit = Number(info.get('maxmemory') ?? NaN);
  if (Number.isNaN(used) || Number.isNaN(limit)) return unknown(check, 'INFO has no memory', 'Look at INFO memory.');
  if (limit === 0) {
    return warning(
      check,
      `${bytesText(used)} used, no limit`,
      'Without maxmemory, Redis grows until the system ends it, and every session with it. Set it below the memory of the machine or container.',
    );
  }
  const found = `${bytesText(used)} of ${bytesText(limit)} used (${Math.round((used / limit) * 100)} %)`;
  if (used < limit * nearlyFull) return ok(check, found);
  return warning(
    check,
    found,
    `When it is full, new sessions and changes fail with STORE_FULL. Raise maxmemory, or lower ${variable('idleTimeout')}.`,
  );
}
