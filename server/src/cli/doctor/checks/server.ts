import { ok, problem, unknown } from '../finding';
import type { Finding } from '../finding';
import type { ServerInfo } from '../server-info';

/** Scripts declare flags, which Redis 7.0 introduced. */
const minVersion = [7, 0] as const;

export function checkVersion(info: ServerInfo): Finding {
  const check = 'version';
  const valkey = info.get('valkey_version');
  const version = info.get('redis_version') ?? '';
  const name = valkey === undefined ? `Redis ${version}` : `Valkey ${valkey}`;
  const [, major = NaN, minor = NaN] = (/^(\d+)\.(\d+)/.exec(version) ?? []).map(Number);
  const isNewEnough = major > minVersion[0] || (major === minVersion[0] && minor >= minVersion[1]);
  if (isNewEnough) return ok(check, name);
  if (Number.isNaN(major)) return unknown(check, 'INFO has no version', 'Make sure that it is Redis 7.0 or newer.');
  return problem(check, name, 'Update it: the scripts of the sidecar need Redis 7.0 or newer.');
}

export function checkRole(info: ServerInfo): Finding {
  const check = 'role';
  const role = info.get('role');
  if (role === 'master') return ok(check, 'master');
  if (role === undefined) return unknown(check, 'INFO has no role', 'Make sure that it is a master.');
  return problem(
    check,
    'a replica, which accepts no changes',
    'Name the master, or the Sentinels with SESSION_SIDECAR_REDIS_SENTINELS, which follow it.',
  );
}

/** @param required the number of replicas that must confirm a change */
export function checkReplicas(info: ServerInfo, required: number): Finding {
  const check = 'replicas';
  const connected = Number(info.get('connected_slaves') ?? NaN);
  if (Number.isNaN(connected)) return unknown(check, 'INFO has no replicas', 'Look at INFO replication.');
  const found = connected === 1 ? '1 replica is connected' : `${connected} replicas are connected`;
  if (connected >= required) return ok(check, found);
  return problem(
    check,
    `${found}, ${required} must confirm each change`,
    'Start more replicas, or lower SESSION_SIDECAR_REDIS_WAIT_REPLICAS: until then, every change fails with STORE_UNAVAILABLE.',
  );
}
