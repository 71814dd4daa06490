import { describe, expect, test } from '@jest/globals';
import { checkPersistence } from '../../../../../server/src/cli/doctor/checks/persistence';
import { checkVersion } from '../../../../../server/src/cli/doctor/checks/server';
import { parseInfo } from '../../../../../server/src/cli/doctor/server-info';

describe('the version', () => {
  test.each([
    { info: 'redis_version:7.0.0', status: 'ok', found: 'Redis 7.0.0' },
    { info: 'redis_version:10.1.0', status: 'ok', found: 'Redis 10.1.0' },
    { info: 'redis_version:6.2.14', status: 'problem', found: 'Redis 6.2.14' },
    { info: 'redis_version:7.2.4\r\nvalkey_version:8.1.0', status: 'ok', found: 'Valkey 8.1.0' },
    { info: '# Server', status: 'unknown', found: 'INFO has no version' },
  ])('$found is $status', ({ info, ...expected }) => {
    expect(checkVersion(parseInfo(info))).toMatchObject(expected);
  });
});

describe('persistence', () => {
  test.each([
    { info: 'loading:1', found: 'Redis is loading its data' },
    { info: 'aof_enabled:1\r\naof_last_write_status:err', found: 'writing the append-only file fails' },
    { info: 'aof_enabled:0\r\nrdb_last_bgsave_status:err', found: 'the last snapshot failed' },
  ])('is a problem: $found', ({ info, found }) => {
    expect(checkPersistence(parseInfo(info), '3600 1')).toMatchObject({ status: 'problem', found });
  });

  test('is a warning when the user may not ask for the snapshots', () => {
    expect(checkPersistence(parseInfo('aof_enabled:0'), undefined)).toMatchObject({
      status: 'warning',
      found: expect.stringContaining('+config|get'),
    });
  });
});
