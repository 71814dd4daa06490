import { beforeEach, describe, expect, test } from '@jest/globals';
import { emptyContent } from '../../server/src/session/content';
import { SessionError, UnreadableRecordError } from '../../server/src/session/errors';
import type { NewSession, SessionStore } from '../../server/src/session/session-store';
import { createTokens, randomSigningKey } from '../../server/src/tokens/token';
import { until } from '../support/poll';
import type { RedisServer } from '../support/redis';
import {
  generousLimits,
  keyPrefix,
  makeRedisStore,
  redisConnectionOptions,
  twentyMinutes,
} from '../support/store-harness';
import type { StoreHarness } from '../support/store-harness';
import { stackForEachTest } from '../support/stack';

const tokens = createTokens([randomSigningKey()]);
const set = { mutations: [{ kind: 'set', key: 'a', value: Buffer.from('1') }] } as const;

describe('when Redis is in trouble', () => {
  const stack = stackForEachTest();
  let server: RedisServer;
  let harness: StoreHarness;
  let store: SessionStore;

  beforeEach(async () => {
    server = await stack.redis();
    harness = stack.use(await openStore());
    store = harness.store;
  });

  function openStore(): Promise<StoreHarness> {
    const nodes = [{ host: '127.0.0.1', port: server.port }];
    const connection = redisConnectionOptions({ nodes, commandTimeoutMs: 1_000 });
    return makeRedisStore(connection, [server])({ expiry: twentyMinutes, limits: generousLimits });
  }

  function newSession(): NewSession {
    const { handle, secretHash } = tokens.issue();
    return { handle, secretHash, content: emptyContent, csrfToken: 'csrf', idleTimeout: 1_200_000, subject: undefined };
  }

  async function create(): Promise<NewSession> {
    const session = newSession();
    await store.create(session);
    return session;
  }

  const unavailable = (maybeApplied: boolean) => ({
    reason: 'STORE_UNAVAILABLE',
    metadata: { maybe_applied: String(maybeApplied) },
  });

  test('a stopped server: calls fail at once and change nothing; once it runs again, calls succeed', async () => {
    const session = await create();
    const { port } = server;
    await server.stop();
    await until('the connection to be lost', () => !store.ready);
    await expect(store.load(session)).rejects.toMatchObject(unavailable(false));
    await expect(store.update(session, set)).rejects.toMatchObject(unavailable(false));

    server = await stack.redis({ port });
    await until('the connection to be back', () => store.ready);
    await expect(store.load(session)).resolves.toBeUndefined();
    await create();
  });

  test('a server that hangs: calls fail in time, and report that a change may have been applied', async () => {
    const session = await create();
    server.freeze();
    const loads = [store.load(session), store.load(session)];
    const changes = [store.update(session, set), store.create(newSession()), store.delete(session)];
    await Promise.all([
      ...loads.map((load) => expect(load).rejects.toMatchObject(unavailable(false))),
      ...changes.map((change) => expect(change).rejects.toMatchObject(unavailable(true))),
    ]);
    server.thaw();
    await until('calls to work again', () =>
      store.load(session).then(
        () => true,
        () => false,
      ),
    );
  });

  test('a server that dies with calls in flight: each is answered, and none is sent again', async () => {
    const session = await create();
    server.freeze();
    const calls = Array.from({ length: 5 }, () =>
      store.update(session, { mutations: [{ kind: 'increment', key: 'n', by: 1 }] }),
    );
    const outcomes = Promise.allSettled(calls);
    server.process.kill('SIGKILL');
    expect(
      (await outcomes).map((outcome) => outcome.status === 'rejected' && (outcome.reason as { reason: string }).reason),
    ).toEqual(calls.map(() => 'STORE_UNAVAILABLE'));
  });

  test('a full server rejects what needs memory; sessions can still be read, and ended', async () => {
    const session = await create();
    await store.update(session, set);
    await harness.advance(120_000);
    await server.admin.config('SET', 'maxmemory', '1');
    await expect(store.create(newSession())).rejects.toMatchObject({ reason: 'STORE_FULL' });
    await expect(store.update(session, set)).rejects.toMatchObject({ reason: 'STORE_FULL' });
    await expect(store.load(session)).resolves.toMatchObject({ touched: true });
    await expect(store.delete(session)).resolves.toBe(true);
  });

  test('a full server that has not seen a script yet changes nothing, and says so', async () => {
    const session = await create();
    await server.admin.config('SET', 'maxmemory', '1');
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => store.update(session, set)));
    const rejections = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
    );
    // It keeps no script while it is full, so calls that name the script by its hash are in vain.
    const isKnown = (error: unknown): boolean =>
      error instanceof SessionError && (error.reason === 'STORE_FULL' || error.metadata['maybe_applied'] === 'false');
    expect(rejections.map(isKnown)).toEqual(outcomes.map(() => true));
    await expect(store.load(session)).resolves.toMatchObject({ session: { version: 1 } });
  });

  test('a server that does not take writes is unavailable, and nothing was changed', async () => {
    const session = await create();
    await server.admin.replicaof('127.0.0.1', 1);
    await expect(store.update(session, set)).rejects.toMatchObject(unavailable(false));
  });

  test.each([
    ['damaged', 'nonsense'],
    ['damaged', ''],
    ['damaged', '1 1 1795500000000 1795500000000 - hash\n'],
    ['damaged', '1 1 17955x 1795500000000 - hash csrf\n'],
    ['damaged', '2 something else'],
    ['newer_format', '3 something else'],
    ['newer_format', '10 something else'],
  ] as const)('a record that is %s (%j) is reported as such, and left as it is', async (problem, record) => {
    const session = newSession();
    await server.admin.set(keyPrefix + session.handle, record);
    const unreadable = new UnreadableRecordError(session.handle, problem);
    await expect(store.load(session)).rejects.toEqual(unreadable);
    await expect(store.update(session, set)).rejects.toEqual(unreadable);
    if (problem === 'newer_format') await expect(store.delete(session)).rejects.toEqual(unreadable);
    await expect(server.admin.get(keyPrefix + session.handle)).resolves.toBe(record);
    if (problem === 'damaged') await expectEnded(session);
  });

  test('a record of a newer format ends by the token whose secret it confirms', async () => {
    const session = newSession();
    const record = `3 something else ${session.secretHash}\n`;
    await server.admin.set(keyPrefix + session.handle, record);
    const replaced = { ...session, secretHash: tokens.issue().secretHash };
    await expect(store.delete(replaced)).rejects.toEqual(new UnreadableRecordError(session.handle, 'newer_format'));
    await expect(server.admin.get(keyPrefix + session.handle)).resolves.toBe(record);
    await expectEnded(session);
  });

  async function expectEnded(session: NewSession): Promise<void> {
    await expect(store.delete(session)).resolves.toBe(true);
    await expect(store.load(session)).resolves.toBeUndefined();
    await expect(server.admin.exists(keyPrefix + session.handle)).resolves.toBe(0);
    await expect(store.delete(session)).resolves.toBe(false);
  }

  test.each([
    ['cut off in a value', (record: string) => record.slice(0, -3)],
    ['cut off in a line head', (record: string) => `${record}=3,`],
    ['with an unknown kind of line', (record: string) => `${record}?1,1 a b\n`],
    ['with a length that is wrong', (record: string) => record.replace('=1,1 ', '=1,5 ')],
  ])('a record %s is reported as damaged, and left as it is', async (_what, damage) => {
    const session = await create();
    await store.update(session, set);
    const key = keyPrefix + session.handle;
    const damaged = damage((await server.admin.get(key)) ?? '');
    await server.admin.set(key, damaged);
    const unreadable = new UnreadableRecordError(session.handle, 'damaged');
    await expect(store.load(session)).rejects.toEqual(unreadable);
    await expect(store.update(session, set)).rejects.toEqual(unreadable);
    await expect(server.admin.get(key)).resolves.toBe(damaged);
    await expectEnded(session);
  });

  test('a key of another Redis type is reported as such, and left as it is until the session is ended', async () => {
    const session = newSession();
    await server.admin.hset(keyPrefix + session.handle, 'a', '1');
    const unreadable = new UnreadableRecordError(session.handle, 'foreign_type');
    await expect(store.load(session)).rejects.toEqual(unreadable);
    await expect(store.update(session, set)).rejects.toEqual(unreadable);
    await expect(store.update(session, {})).rejects.toEqual(unreadable);
    await expect(server.admin.hgetall(keyPrefix + session.handle)).resolves.toEqual({ a: '1' });
    await expectEnded(session);
  });
});
