import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { emptyContent } from '../../server/src/session/content';
import type { NewSession } from '../../server/src/session/session-store';
import { createTokens, randomSigningKey } from '../../server/src/tokens/token';
import { effort } from '../support/effort';
import { until } from '../support/poll';
import type { RedisServer } from '../support/redis';
import { stackForAllTests } from '../support/stack';
import {
  generousLimits,
  keyPrefix,
  makeRedisStore,
  redisConnectionOptions,
  twentyMinutes,
} from '../support/store-harness';
import type { StoreHarness } from '../support/store-harness';

const tokens = createTokens([randomSigningKey()]);
const idleTimeout = twentyMinutes.idleTimeout!;

describe('the indexes of subjects in Redis', () => {
  const stack = stackForAllTests();
  let redis: RedisServer;
  let harness: StoreHarness;

  beforeAll(async () => {
    redis = await stack.redis();
    const connection = redisConnectionOptions({ nodes: [{ host: '127.0.0.1', port: redis.port }] });
    harness = stack.use(await makeRedisStore(connection, [redis])({ expiry: twentyMinutes, limits: generousLimits }));
  });

  beforeEach(async () => {
    await redis.admin.flushall();
  });

  const newSession = (subject: string, more: Partial<NewSession> = {}): NewSession => {
    return { ...tokens.issue(), content: emptyContent, csrfToken: 'csrf', idleTimeout, subject, ...more };
  };
  const indexes = () => redis.admin.keys(`${keyPrefix}subject:*`);
  const membersOf = async (key: string) => redis.admin.zrange(key, 0, '-1');
  const isSettled = async () =>
    (await Promise.all((await indexes()).map(membersOf))).flat().every((each) => !each.startsWith('p:'));

  test('leave nothing behind when all sessions have expired', async () => {
    const [subjects, perSubject] = [effort(20), 10];
    for (let n = 0; n < subjects; n += 1) {
      await Promise.all(Array.from({ length: perSubject }, () => harness.store.create(newSession(`user ${n}`))));
    }
    await until('all logins to be over', isSettled);
    expect(await indexes()).toHaveLength(subjects);
    expect(await redis.admin.dbsize()).toBe(subjects * (perSubject + 1));
    await harness.advance(2 * idleTimeout);
    // The sessions are gone; an entry is kept until one idle timeout after the end of its session.
    await until('the sessions to be gone', async () => (await redis.admin.dbsize()) <= subjects);
    await harness.advance(idleTimeout);
    await until('nothing to be left', async () => (await redis.admin.dbsize()) === 0);
  });

  test('shrink with each logout, and are gone with the last', async () => {
    const [one, other] = [newSession('ada'), newSession('ada')];
    for (const session of [one, other, newSession('bob')]) await harness.store.create(session);
    await until('the logins to be over', isSettled);
    await harness.store.delete(one);
    await until('its entry to be gone', async () =>
      (await Promise.all((await indexes()).map(membersOf))).every((members) => !members.includes(one.handle)),
    );
    await harness.store.delete(other);
    await until('the index to be gone', async () => (await indexes()).length === 1);
  });

  test('drop entries that are over with the next login', async () => {
    await harness.store.create(newSession('ada', { idleTimeout: 60_000 }));
    const stays = newSession('ada');
    await harness.store.create(stays);
    await until('both logins to be over', isSettled);
    await harness.advance(5 * 60_000);
    const next = newSession('ada');
    await harness.store.create(next);
    await until('the login to be over', isSettled);
    expect((await membersOf((await indexes())[0]!)).sort()).toEqual([stays.handle, next.handle].sort());
  });

  test('get an entry back that was lost, when its session is used', async () => {
    const session = newSession('ada');
    await harness.store.create(session);
    await until('the login to be over', isSettled);
    await redis.admin.del(...(await indexes()));
    await expect(harness.store.deleteSubject('ada', {})).resolves.toBe(0);
    await harness.advance(120_000);
    await harness.store.load(session);
    await until('its entry to be back', async () => (await indexes()).length === 1);
    await expect(harness.store.deleteSubject('ada', {})).resolves.toBe(1);
  });

  test('have no entry of a change that was refused', async () => {
    const session = newSession('bob');
    await harness.store.create(session);
    await harness.store.update(session, { subject: 'ada', ifVersion: 99 });
    await harness.store.update({ ...session, handle: newSession('x').handle }, { subject: 'ada' });
    await expect(harness.store.create({ ...session, subject: 'ada' })).rejects.toMatchObject({
      reason: 'VERSION_MISMATCH',
    });
    await until('only the index of bob to be left', async () => (await indexes()).length === 1 && (await isSettled()));
    await expect(harness.store.deleteSubject('bob', {})).resolves.toBe(1);
  });

  test('do not end sessions whose record is of a newer format, and say so; damaged ones do end', async () => {
    const [newer, damaged, good] = ['newer', 'damaged', 'good'].map(() => newSession('ada'));
    for (const session of [newer!, damaged!, good!]) await harness.store.create(session);
    await redis.admin.set(keyPrefix + newer!.handle, '3 and whatever comes then');
    await redis.admin.set(keyPrefix + damaged!.handle, 'x');
    const page = { after: undefined, size: 10, maxDataBytes: undefined };
    expect((await harness.store.listSubject('ada', page)).sessions.map(({ handle }) => handle)).toEqual([good!.handle]);
    await expect(harness.store.deleteSubject('ada', {})).rejects.toMatchObject({ problem: 'newer_format' });
    const left = await redis.admin.keys(`${keyPrefix}*`);
    expect(left.filter((key) => !key.includes('subject'))).toEqual([keyPrefix + newer!.handle]);
  });
});
