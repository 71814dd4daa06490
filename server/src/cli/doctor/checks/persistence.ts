import { ok, problem, warning } from '../finding';
import type { Finding } from '../finding';
import type { ServerInfo } from '../server-info';

/** @param savePoints when snapshots are made, as `CONFIG GET save` says; `undefined`: the user may not ask */
export function checkPersistence(info: ServerInfo, savePoints: string | undefined): Finding {
  const check = 'persistence';
  if (info.get('loading') === '1') {
    return problem(check, 'Redis is loading its data', 'Wait until it has: until then, it answers no command.');
  }
  if (info.get('aof_enabled') === '1') {
    if (info.get('aof_last_write_status') === 'err') {
      return problem(check, 'writing the append-only file fails', 'Look at the log of Redis, and at its disk.');
    }
    return ok(check, 'append-only file');
  }
  if (info.get('rdb_last_bgsave_status') === 'err') {
    return problem(
      check,
      'the last snapshot failed',
      'Redis rejects changes and reads of sessions (stop-writes-on-bgsave-error). Look at its log, and at its disk.',
    );
  }
  const effect = 'Turn appendonly on, unless sessions may be lost. See docs/reference/storage.md#limitations';
  if (savePoints === undefined) {
    return warning(check, 'no append-only file; snapshots are unknown without +config|get', effect);
  }
  if (savePoints === '') return warning(check, 'none: a restart ends every session', effect);
  return warning(check, 'snapshots only: a crash loses what changed since the last one, logouts included', effect);
}
