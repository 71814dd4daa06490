import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { emptyContent } from '../../server/src/session/content';
import type { NewSession } from '../../server/src/session/session-store';
import type { SubjectLimit } from '../../server/src/session/subject-limit';
import { createTokens, randomSigningKey } from '../../server/src/tokens/token';
import { RedisStore } from '../../server/src/store/redis/redis-store';
import { holdCommands } from '../support/held-commands';
import type { HeldCommands } from '../support/held-commands';
import { until } from '../support/poll';
import type { RedisServer } from '../support/redis';
import { stackForAllTests, stackForEachTest } from '../support/stack';
import {
  connectForTest,
  generousLimits,
  keyPrefix,
  redisConnectionOptions,
  twentyMinutes,
} from '../support/store-harness';

const tokens = createTokens([randomSigningKey()]);

/** While a login is between its two steps in Redis, someone ends all sessions of its user. */
describe('a login in flight while the sessions of its subject are ended', () => {
  const server = stackForAllTests();
  const stack = stackForEachTest();
  let redis: RedisServer;
  /** The sidecar that ends the sessions. */
  let another: RedisStore;
  /** The sidecar of the login. Its commands on sessions are lost for now. */
  let store: RedisStore;
  let lost: HeldCommands;

  beforeAll(async () => {
    redis = await server.redis();
  });

  beforeEach(async () => {
    await redis.admin.flushall();
    another = await storeWith(5000).ready;
  });

  function storeWith(commandTimeoutMs: number, subjectLimit?: SubjectLimit) {
    const connection = connectForTest(redisConnectionOptions({ nodes: [{ host: '127.0.0.1', port: redis.port }] }));
    const settings = { expiry: twentyMinutes, limits: generousLimits, keyPrefix, expireKeys: true, commandTimeoutMs };
    const made = stack.use(new RedisStore({ connection, ...settings, subjectLimit }));
    const ready = until('the Redis connection', () => made.ready && made);
    return { connection, ready };
  }

  async function loseCommandsOf(commandTimeoutMs: number): Promise<void> {
    const { connection, ready } = storeWith(commandTimeoutMs);
    store = await ready;
    lost = holdCommands(connection.client, new RegExp(`^${keyPrefix}[\\w-]{22}$`));
  }

  function newSession(more: Partial<NewSession> = {}): NewSession {
    const { idleTimeout } = twentyMinutes;
    return { ...tokens.issue(), content: emptyContent, csrfToken: 'csrf', idleTimeout, subject: undefined, ...more };
  }

  const pollsOf = async (): Promise<number> =>
    Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.admin.info('commandstats'))?.[1] ?? 0);

  /** Ends the sessions of ada, and lets the call look for the login in flight for a while. */
  async function endMeanwhile(): Promise<{ readonly ended: Promise<number> }> {
    await lost.held;
    let isOver = false;
    const ended = another.deleteSubject('ada', {}).finally(() => (isOver = true));
    const before = await pollsOf();
    await until('the call to look several times', async () => isOver || (await pollsOf()) > before + 3);
    return { ended };
  }

  /** What the login does to a session as it was before; `undefined`: it was not there. */
  const logins: [string, Partial<NewSession> | undefined, (session: NewSession) => Promise<unknown>][] = [
    ['creates the session', undefined, (session) => store.create({ ...session, subject: 'ada' })],
    ['gives it the subject', {}, (session) => store.update(session, { subject: 'ada' })],
    [
      'gives it the subject instead of another',
      { subject: 'bob' },
      (session) => store.update(session, { subject: 'ada' }),
    ],
  ];

  test.each(logins)('that %s: the session ends as soon as it is there', async (_what, before, login) => {
    await loseCommandsOf(5000);
    const session = newSession(before);
    if (before !== undefined) await another.create(session);
    const loggingIn = login(session);
    const { ended } = await endMeanwhile();
    lost.release();
    await loggingIn;
    await expect(ended).resolves.toBe(1);
    await expect(another.load(session)).resolves.toBeUndefined();
  });

  test('whose sidecar has died: the call waits until it can change nothing any more', async () => {
    await loseCommandsOf(300);
    const session = newSession({ subject: 'ada' });
    const creating = store.create(session).catch((error: unknown) => error);
    await lost.held;
    await expect(another.deleteSubject('ada', {})).resolves.toBe(0);
    lost.release();
    expect(await creating).toMatchObject({ reason: 'STORE_UNAVAILABLE' });
    await expect(another.load(session)).resolves.toBeUndefined();
  });

  test('the call fails by its own deadline while it must wait, and says that it may have ended some', async () => {
    await loseCommandsOf(5000);
    const there = newSession({ subject: 'ada' });
    await another.create(there);
    const creating = store.create(newSession({ subject: 'ada' }));
    await lost.held;
    const ending = another.deleteSubject('ada', {}, performance.now() + 200);
    await expect(ending).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE', metadata: { maybe_applied: 'true' } });
    await expect(another.load(there)).resolves.toBeUndefined();
    lost.release();
    await creating;
    await expect(another.deleteSubject('ada', {})).resolves.toBe(1);
  });

  test('another login waits if it may be one too many, and is let in once the sidecar in flight can change nothing', async () => {
    await loseCommandsOf(300);
    const creating = store.create(newSession({ subject: 'ada' })).catch((error: unknown) => error);
    await lost.held;
    const limited = await storeWith(5000, { maxSessions: 1, action: 'refuse' }).ready;
    const [before, from] = [await pollsOf(), performance.now()];
    const next = newSession({ subject: 'ada' });
    await limited.create(next);
    // Three scripts every 20 ms, and a few more: not as many as fit.
    const polls = (performance.now() - from) / 20;
    expect((await pollsOf()) - before).toBeLessThanOrEqual(3 * polls + 10);
    lost.release();
    expect(await creating).toMatchObject({ reason: 'STORE_UNAVAILABLE' });
    const { sessions } = await another.listSubject('ada', { after: undefined, size: 9, maxDataBytes: undefined });
    expect(sessions.map(({ handle }) => handle)).toEqual([next.handle]);
  });

  test('a session that is moved away and back while its old entry is being removed can still be ended', async () => {
    await loseCommandsOf(5000);
    lost.release();
    const session = newSession({ subject: 'ada' });
    await another.create(session);
    for (let n = 0; n < 50; n += 1) {
      await Promise.all([
        store.update(session, { subject: 'bob' }),
        another.update(session, { subject: 'ada' }),
        another.listSubject('ada', { after: undefined, size: 10, maxDataBytes: undefined }),
        store.listSubject('bob', { after: undefined, size: 10, maxDataBytes: undefined }),
      ]);
    }
    const subject = (await another.load(session))?.session.subject ?? '';
    await expect(another.deleteSubject(subject, {})).resolves.toBe(1);
  });
});
