import { describe, expect, test } from '@jest/globals';
import { signingKey } from '../../../support/process';
import { freeAddress } from '../../../support/free-port';
import { stackForEachTest } from '../../../support/stack';
import { json, run } from '../fixture';
import { examine, patience, soundRedis } from './examine';

const stack = stackForEachTest();

describe('a sound Redis', () => {
  test('gets a clean bill, and is left as it was', async () => {
    const redis = await stack.redis({ args: soundRedis });
    const { exit, healthy, findings, withStatus, stderr } = examine({ REDIS_URL: redis.url });
    expect(withStatus('warning', 'problem', 'unknown')).toEqual([]);
    expect({ exit, healthy, stderr }).toEqual({ exit: 'ok', healthy: true, stderr: '' });
    expect(findings.map(({ check }) => check)).toEqual([
      ...['version', 'role', 'eviction policy', 'memory', 'persistence', 'replicas', 'latency', 'clock'],
      ...['permissions', 'scripts', 'client tracking'],
    ]);
    expect(await redis.admin.dbsize()).toBe(0);
  });

  test('is a table for people', async () => {
    const redis = await stack.redis({ args: soundRedis });
    const settings = { REDIS_URL: redis.url, SIGNING_KEYS: signingKey, ...patience };
    const { exit, stdout } = run(['doctor'], { settings });
    expect(exit).toBe('ok');
    expect(stdout).toMatch(/^ok +version +Redis \d+\.\d+\.\d+$/m);
    expect(stdout).toMatch(/^ok +persistence +append-only file$/m);
    expect(stdout.endsWith('\n\nAll is well.\n')).toBe(true);
  });
});

describe('the eviction policy', () => {
  test.each(['allkeys-lru', 'volatile-ttl'])('%s is a problem', async (policy) => {
    const redis = await stack.redis({ args: [...soundRedis, '--maxmemory-policy', policy] });
    const { exit, of, withStatus } = examine({ REDIS_URL: redis.url });
    expect(exit).toBe('failed');
    expect(withStatus('problem', 'warning')).toEqual(['eviction policy']);
    expect(of('eviction policy')).toMatchObject({
      found: policy,
      advice: expect.stringContaining('CONFIG SET maxmemory-policy noeviction'),
    });
  });

  test('without a limit has no effect yet', async () => {
    const redis = await stack.redis({ args: ['--appendonly', 'yes', '--maxmemory-policy', 'allkeys-lru'] });
    const { exit, of } = examine({ REDIS_URL: redis.url });
    expect(exit).toBe('ok');
    expect(of('eviction policy')).toMatchObject({ status: 'warning' });
    expect(of('memory')).toMatchObject({ status: 'warning', found: expect.stringContaining('no limit') });
    expect(examine({ REDIS_URL: redis.url }, ['--strict'])).toMatchObject({ exit: 'failed', healthy: false });
  });

  test('must be LRU or LFU if keys have no TTL', async () => {
    const redis = await stack.redis({ args: soundRedis });
    const settings = { REDIS_URL: redis.url, REDIS_TTL: 'off' };
    expect(examine(settings)).toMatchObject({ exit: 'failed' });
    expect(examine(settings).of('eviction policy').advice).toContain('SESSION_SIDECAR_REDIS_TTL');
    await redis.admin.config('SET', 'maxmemory-policy', 'allkeys-lfu');
    expect(examine(settings)).toMatchObject({ exit: 'ok' });
    // Without TTLs, changes are not reported, so tracking is not examined.
    expect(examine(settings).findings.map(({ check }) => check)).not.toContain('client tracking');
  });
});

test('a full Redis fails in the scripts', async () => {
  const redis = await stack.redis({ args: ['--appendonly', 'yes', '--maxmemory', '1mb'] });
  const { exit, of } = examine({ REDIS_URL: redis.url });
  expect(exit).toBe('failed');
  expect(of('memory')).toMatchObject({ status: 'warning', advice: expect.stringContaining('STORE_FULL') });
  expect(of('scripts')).toMatchObject({
    status: 'problem',
    found: 'creating a session fails: Redis answers OOM',
    advice: expect.stringContaining('Raise maxmemory'),
  });
});

test('persistence by snapshots, or none, is a warning', async () => {
  const redis = await stack.redis({ args: ['--maxmemory', '100mb'] });
  expect(examine({ REDIS_URL: redis.url }).of('persistence')).toMatchObject({
    status: 'warning',
    found: expect.stringContaining('a restart ends every session'),
  });
  await redis.admin.config('SET', 'save', '3600 1');
  expect(examine({ REDIS_URL: redis.url }).of('persistence').found).toContain('snapshots only');
});

describe('replicas', () => {
  test('a replica is a problem', async () => {
    const master = await stack.redis({ args: soundRedis });
    const replica = await stack.replica(master);
    const { exit, of } = examine({ REDIS_URL: replica.url });
    expect(exit).toBe('failed');
    expect(of('role')).toMatchObject({ status: 'problem', advice: expect.stringContaining('REDIS_SENTINELS') });
    expect(of('scripts')).toMatchObject({ status: 'problem', found: expect.stringContaining('no usable connection') });
  });

  test('there must be as many as must confirm', async () => {
    const master = await stack.redis({ args: soundRedis });
    await stack.replica(master);
    const settings = { REDIS_URL: master.url, REDIS_WAIT_TIMEOUT: '2s' };
    expect(examine({ ...settings, REDIS_WAIT_REPLICAS: '1' }).of('replicas')).toMatchObject({ status: 'ok' });
    expect(examine({ ...settings, REDIS_WAIT_REPLICAS: '2' })).toMatchObject({ exit: 'failed' });
  });
});

describe('a Redis that cannot be used', () => {
  test('because nothing listens', async () => {
    const settings = { REDIS_URL: `redis://${await freeAddress()}`, SIGNING_KEYS: signingKey };
    expect(run(['doctor'], { settings })).toEqual({
      exit: 'unavailable',
      stdout: '',
      stderr:
        'error: Redis cannot be reached (ECONNREFUSED). SESSION_SIDECAR_REDIS_URL: Nothing listens there. Check host and port, and whether Redis runs.\n',
    });
  });

  test('because it does not answer', async () => {
    const redis = await stack.redis();
    redis.freeze();
    const settings = { REDIS_URL: redis.url, SIGNING_KEYS: signingKey, REDIS_DB: '1' };
    const { exit, stderr } = run(['doctor'], { settings });
    expect({ exit, stderr }).toEqual({ exit: 'unavailable', stderr: 'error: Redis cannot be reached (no answer).\n' });
  });

  test('because of the password, which is not repeated', async () => {
    const redis = await stack.redis();
    await redis.admin.acl('SETUSER', 'default', 'resetpass', '>right');
    const settings = { REDIS_URL: `redis://:s3cret@127.0.0.1:${redis.port}`, SIGNING_KEYS: signingKey };
    const { exit, stderr } = run(['doctor'], { settings });
    expect(exit).toBe('denied');
    expect(stderr).toContain('WRONGPASS');
    expect(stderr).not.toContain('s3cret');
  });

  test('because the settings are not valid', () => {
    expect(run(['doctor', '--max-keys', '0'], { settings: { REDIS_URL: 'x' } })).toMatchObject({ exit: 'usage' });
  });
});

test('the memory store is a warning', () => {
  expect(json(['doctor'])).toEqual({
    healthy: true,
    findings: [expect.objectContaining({ check: 'store', status: 'warning' })],
  });
});
