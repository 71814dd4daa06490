import { beforeEach, describe, expect, test } from '@jest/globals';
import { probesOf } from '../../../../server/src/cli/doctor/checks/permissions';
import { blocksOf, codeIn, text } from '../../../docs/storage-page';
import type { RedisServer } from '../../../support/redis';
import { stackForEachTest } from '../../../support/stack';
import { examine, soundRedis } from './examine';

const stack = stackForEachTest();

/** The user of docs/reference/storage.md. */
const [, ruleText = ''] = /^ACL SETUSER sidecar (.*)$/m.exec(blocksOf('text').join('\n')) ?? [];
const documented = ruleText.split(' ');
const password = documented.find((rule) => rule.startsWith('>'))!.slice(1);
const events = codeIn(/^- For \[events\].*$/m.exec(text)?.[0] ?? '')[0]!.split(' ');
const live = ['+client|tracking', '+client|id', '+subscribe', '+ping', '&__redis__:invalidate'];

let redis: RedisServer;

beforeEach(async () => {
  redis = await stack.redis({ args: soundRedis });
});

async function examineAs(rules: readonly string[], settings: Readonly<Record<string, string>> = {}) {
  await redis.admin.acl('SETUSER', 'sidecar', ...rules);
  return examine({ REDIS_URL: `redis://sidecar:${password}@127.0.0.1:${redis.port}`, ...settings });
}

describe('the permissions of the ACL user', () => {
  test('suffice as documented, with those for events and for live reads', async () => {
    const { exit, of, withStatus } = await examineAs([...documented, ...events, ...live]);
    expect(withStatus('problem')).toEqual([]);
    expect(of('permissions')).toMatchObject({ status: 'ok', found: 'the user sidecar may do all that is needed' });
    expect(of('client tracking')).toMatchObject({ status: 'ok' });
    expect(exit).toBe('ok');
  });

  test('without those for live reads are a warning; with a near cache, a problem', async () => {
    const { exit, of } = await examineAs([...documented, ...events]);
    expect(exit).toBe('ok');
    expect(of('permissions')).toMatchObject({
      status: 'warning',
      advice: expect.stringContaining('ACL SETUSER sidecar +client|id +client|tracking +ping'),
    });
    expect(of('client tracking')).toMatchObject({ status: 'warning' });
    const withCache = await examineAs(documented, { NEAR_CACHE: '64MiB' });
    expect(withCache.exit).toBe('failed');
    expect(withCache.of('client tracking').advice).toContain('SESSION_SIDECAR_NEAR_CACHE has no effect');
  });

  test('without those for events are a warning; with an audit log, a problem', async () => {
    const { exit, of } = await examineAs([...documented, ...live]);
    expect(exit).toBe('ok');
    const { status, advice = '' } = of('permissions');
    const [, rules = ''] = /^ACL SETUSER sidecar (.*?)\. /.exec(advice) ?? [];
    expect({ status, rules: rules.split(' ').sort() }).toEqual({ status: 'warning', rules: [...events].sort() });
    const withLog = await examineAs([...documented, ...live], { AUDIT_LOG: 'on' });
    expect({ exit: withLog.exit, status: withLog.of('permissions').status }).toEqual({
      exit: 'failed',
      status: 'problem',
    });
  });

  const needed = probesOf({ key: 'key', waitsForReplicas: false, usesTracking: false, servesAdmin: false }).map(
    ({ rule }) => `+${rule}`,
  );

  test('are all probed that the documentation lists', () => {
    const commands = documented.filter((rule) => rule.startsWith('+'));
    expect([...new Set(needed)].sort()).toEqual([...commands, ...events].sort());
  });

  test.each(['+eval', '+get', '+set', '+pexpireat', '+unlink', '+mget'])('lack %s', async (rule) => {
    const { exit, of } = await examineAs([...documented, ...events, ...live, rule.replace('+', '-')]);
    expect(exit).toBe('failed');
    expect(of('permissions')).toMatchObject({
      status: 'problem',
      found: `the user sidecar lacks ${rule}`,
      advice: expect.stringContaining(`ACL SETUSER sidecar ${rule}.`),
    });
  });

  test('lack the keys of the prefix', async () => {
    const { exit, of } = await examineAs([...documented, ...events, ...live], { REDIS_KEY_PREFIX: 'other:' });
    expect(exit).toBe('failed');
    expect(of('permissions').found).toBe('the user sidecar lacks ~other:*');
  });

  test('lack INFO, so that the rest is examined without it', async () => {
    const { exit, of, stderr } = await examineAs([...documented, ...events, ...live, '-info']);
    expect(of('INFO')).toMatchObject({ status: 'unknown', advice: expect.stringContaining('+info') });
    expect(of('permissions')).toMatchObject({ status: 'warning', found: 'the user sidecar lacks +info' });
    expect(of('scripts')).toMatchObject({ status: 'ok' });
    expect({ exit, stderr }).toEqual({ exit: 'ok', stderr: '' });
  });

  test('leave no key without a TTL, even if keys cannot be removed', async () => {
    // Without tracking, which would write the key once more.
    await examineAs([...documented, '-unlink']);
    const keys = await redis.admin.keys('*');
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) expect(await redis.admin.pttl(key)).toBeGreaterThan(-1);
  });
});
