import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { emptyContent } from '../../server/src/session/content';
import type { AcquireOutcome, NewSession, SessionStore, UpdateOutcome } from '../../server/src/session/session-store';
import type { Mutation } from '../../server/src/session/session-update';
import { ContentKeys } from '../../server/src/store/redis/encryption/content-keys';
import { SessionCodec } from '../../server/src/store/redis/encryption/session-codec';
import { SessionRewriter } from '../../server/src/store/redis/encryption/session-rewriter';
import { SessionScripts } from '../../server/src/store/redis/scripts/session-scripts';
import { TimedScripts } from '../../server/src/store/redis/scripts/timed-scripts';
import { createTokens, randomSigningKey } from '../../server/src/tokens/token';
import { newContentKey, TestEncryption } from '../support/encryption';
import { until } from '../support/poll';
import type { RedisServer } from '../support/redis';
import { commandsOf } from '../support/redis-inspection';
import { stackForAllTests } from '../support/stack';
import {
  connectForTest,
  generousLimits,
  keyPrefix,
  makeRedisStore,
  redisConnectionOptions,
  twentyMinutes,
} from '../support/store-harness';

const stack = stackForAllTests();
const tokens = createTokens([randomSigningKey()]);
const key = newContentKey();
const decryptsOnly = new TestEncryption();
decryptsOnly.keys.replace({ encrypts: false, keys: [key] });
const settings = { expiry: twentyMinutes, limits: generousLimits };
let redis: RedisServer;
/** Two sidecars that encrypt, and one that decrypts, as during a rollout: so records change between both formats. */
let stores: readonly SessionStore[];

beforeAll(async () => {
  redis = await stack.redis();
  const connection = redisConnectionOptions({ nodes: [{ host: '127.0.0.1', port: redis.port }] });
  const start = async (encryption: TestEncryption) =>
    stack.use(await makeRedisStore(connection, [redis], { encryption })(settings)).store;
  stores = await Promise.all([new TestEncryption(key), new TestEncryption(key), decryptsOnly].map(start));
});

async function create(): Promise<NewSession> {
  const { handle, secretHash } = tokens.issue();
  const { idleTimeout } = twentyMinutes;
  const session = { handle, secretHash, content: emptyContent, csrfToken: 'csrf', idleTimeout, subject: undefined };
  await stores[0]!.create(session);
  return session;
}

/** A change whose effect can be told from those of all others. */
type Change = 'increment' | 'append' | 'push' | 'pop' | 'set' | 'label';

const mutationsOf: Readonly<Record<Exclude<Change, 'label'>, (id: number) => Mutation>> = {
  increment: () => ({ kind: 'increment', key: 'count', by: 1 }),
  append: (id) => ({ kind: 'append', key: 'list', value: Buffer.from(String(id)), unlessPresent: false }),
  push: (id) => ({ kind: 'push_flash', queue: 'q', message: Buffer.from(String(id)), unlessPresent: false }),
  pop: () => ({ kind: 'pop_flash', queue: 'q' }),
  set: (id) => ({ kind: 'set', key: `key ${id}`, value: Buffer.from('1') }),
};

const changeOf = (change: Change, id: number) =>
  change === 'label' ? { label: String(id) } : { mutations: [mutationsOf[change](id)] };

type Updated = Extract<UpdateOutcome, { status: 'updated' }>;

const ascending = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);
const numbersIn = (messages: readonly Buffer[] = []): number[] => messages.map((message) => Number(message));

test('many writers at once, on several sidecars, lose nothing and pop each message once', async () => {
  const writer = fc.record({
    store: fc.nat({ max: 2 }),
    change: fc.constantFrom<Change[]>('increment', 'append', 'push', 'push', 'pop', 'set', 'label'),
  });
  const property = fc.asyncProperty(fc.array(writer, { minLength: 2, maxLength: 40 }), async (writers) => {
    const session = await create();
    const outcomes = await Promise.all(
      writers.map(({ store, change }, id) => stores[store]!.update(session, changeOf(change, id))),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(writers.map(() => 'updated'));
    const results = (outcomes as Updated[]).flatMap((outcome) => outcome.results);
    const { session: after } = (await stores[0]!.load(session))!;

    const idsOf = (wanted: Change) => writers.flatMap(({ change }, id) => (change === wanted ? [id] : []));
    expect(Number(after.data.get('count') ?? 0)).toBe(idsOf('increment').length);
    expect(ascending(JSON.parse(String(after.data.get('list') ?? '[]')) as number[])).toEqual(idsOf('append'));
    for (const id of idsOf('set')) expect(String(after.data.get(`key ${id}`))).toBe('1');
    const popped = results.flatMap(({ messages }) => numbersIn(messages));
    expect(ascending([...popped, ...numbersIn(after.flash.get('q'))])).toEqual(idsOf('push'));
    const applied = results.filter((result) => result.applied).length + idsOf('label').length;
    expect(after.version).toBe(1 + applied);
  });
  await fc.assert(property, { numRuns: 60, endOnFailure: true });
});

describe('what ends the right to change a session holds for a change that has already read it', () => {
  let rewriter: SessionRewriter;

  beforeAll(async () => {
    const options = redisConnectionOptions({ nodes: [{ host: '127.0.0.1', port: redis.port }] });
    const connection = connectForTest(options);
    stack.defer(() => connection.close());
    await until('the Redis connection', () => connection.usable);
    const { commandTimeoutMs } = options;
    const listener = { onRun: () => {}, onChanged: () => {}, onReplacedToken: () => {} };
    const timed = new TimedScripts({ ...settings, connection, commandTimeoutMs, expireKeys: true });
    const scripts = new SessionScripts({ scripts: timed, keyPrefix, isTracked: () => false, listener });
    const codec = new SessionCodec(new ContentKeys({ encrypts: true, keys: [key] }));
    rewriter = new SessionRewriter({ scripts, codec, limits: generousLimits, commandTimeoutMs });
  });

  /** A change that has read the session before something else happens to it. */
  async function changeAfter(session: NewSession) {
    const record = await recordOf(session);
    const set = { mutations: [{ kind: 'set', key: 'late', value: Buffer.from('1') }] } as const;
    return async (update = {}) => {
      const [status] = await rewriter.update(session, { ...set, ...update }, { record });
      return status.toString();
    };
  }
  const recordOf = async ({ handle }: NewSession): Promise<Buffer> =>
    (await redis.admin.getBuffer(keyPrefix + handle))!;
  const dataOf = async (session: NewSession) => [...((await stores[0]!.load(session))?.session.data.keys() ?? [])];

  test('its end, and another token', async () => {
    const [ended, replaced] = [await create(), await create()];
    const [late, later] = [await changeAfter(ended), await changeAfter(replaced)];
    await stores[1]!.delete(ended);
    expect(await late()).toBe('not_found');
    const { secretHash } = tokens.issue();
    await stores[1]!.update(replaced, { secretHash });
    expect(await later()).toBe('not_found');
    expect(await dataOf({ ...replaced, secretHash })).toEqual([]);
  });

  test('another version, and the end of a lease', async () => {
    const [changed, leased] = [await create(), await create()];
    const { lease } = (await stores[0]!.acquire(leased, { holder: 'one', durationMs: 60_000 })) as Extract<
      AcquireOutcome,
      { status: 'acquired' }
    >;
    const [late, later] = [await changeAfter(changed), await changeAfter(leased)];
    await stores[1]!.update(changed, { label: 'new' });
    expect(await late({ ifVersion: 1 })).toBe('version_mismatch');
    await stores[1]!.release(leased, lease.fence);
    expect(await later({ fence: lease.fence })).toBe('lease_lost');
    for (const session of [changed, leased]) expect(await dataOf(session)).toEqual([]);
  });

  test('not a lease that another holder acquired meanwhile, which stays', async () => {
    const session = await create();
    const late = await changeAfter(session);
    await stores[1]!.acquire(session, { holder: 'one', durationMs: 60_000 });
    expect(await late()).toBe('updated');
    expect(await stores[1]!.acquire(session, { holder: 'two', durationMs: 60_000 })).toMatchObject({ status: 'held' });
  });

  test('another content of the same version, as after a failover that has lost one', async () => {
    const session = await create();
    const before = await redis.admin.dumpBuffer(keyPrefix + session.handle);
    await stores[0]!.update(session, { mutations: [mutationsOf.set(1)] });
    const late = await changeAfter(session);
    await redis.admin.restore(keyPrefix + session.handle, 0, before, 'REPLACE');
    await stores[0]!.update(session, { mutations: [mutationsOf.set(2)] });
    expect(await late()).toBe('updated');
    expect(await dataOf(session)).toEqual(['key 2', 'late']);
  });
});

test('writers of one sidecar take turns, so that each change costs two scripts', async () => {
  const session = await create();
  await stores[0]!.update(session, changeOf('increment', 0));
  const counts = await commandsOf(redis, () =>
    Promise.all(Array.from({ length: 20 }, (_, id) => stores[0]!.update(session, changeOf('append', id)))),
  );
  expect(counts).toMatchObject({ evalsha: 40, get: 40, set: 20 });
});
