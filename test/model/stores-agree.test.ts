import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Mutation } from '../../server/src/session/session-update';
import { emptyContent } from '../../server/src/session/content';
import type { Limits } from '../../server/src/session/limits';
import type { NewSession, SessionStore, UpdateOutcome } from '../../server/src/session/session-store';
import { createTokens, randomSigningKey } from '../../server/src/tokens/token';
import type { RedisServer } from '../support/redis';
import { makeMemoryStore, makeRedisStore, redisConnectionOptions, twentyMinutes } from '../support/store-harness';
import type { StoreHarness } from '../support/store-harness';
import { stackForAllTests } from '../support/stack';

/** So small that lists of operations often pass one of them. */
const limits: Limits = {
  maxSessionBytes: 3000,
  maxKeys: 6,
  maxFlashMessages: 40,
  maxFlashQueues: 3,
  maxMutations: 1000,
  maxReplyBytes: 900,
  maxWorkBytes: 700,
};

/** Values are opaque to the stores: what is no JSON has to be treated alike as well. */
const value = fc.oneof(
  fc.json().map((json) => Buffer.from(json)),
  fc.json().map((json) => Buffer.from(JSON.stringify(JSON.parse(json), null, 2))),
  fc
    .array(fc.constantFrom('1', '"a"', '[1]', ' [ 1 ] ', '{"a": 1}', '""', '"\\""', ' '))
    .map((elements) => Buffer.from(`[${elements.join(',')}]`)),
  // Everything that the scan of an array looks at, in any order.
  fc
    .array(fc.constantFrom('[', ']', '{', '}', '"', '\\', ',', ' ', '\n', 'a', '1', '\u00e9'), {
      minLength: 1,
      size: 'large',
    })
    .map((marks) => Buffer.from(marks.join(''))),
  fc
    .array(fc.constantFrom('[', ']', '{', '}', '"', '\\', ',', ' ', '1'), { size: 'large' })
    .map((marks) => Buffer.from(`[${marks.join('')}]`)),
  fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.nat({ max: 1500 }).map((length) => Buffer.from(`[${'1,'.repeat(length)}1]`)),
  fc.constantFrom('0', '7', '-3', '007', '1e3', '9007199254740991').map((number) => Buffer.from(number)),
);
const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', '__proto__', 'ключ');
const queue = fc.constantFrom('', 'q', 'two words', 'p');
const unlessPresent = fc.boolean();

const operation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constantFrom('set', 'set_if_absent'), key, value }),
  fc.record({ kind: fc.constantFrom('delete', 'take'), key }),
  fc.record({ kind: fc.constant('clear') }),
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('append'), key, value, unlessPresent }) },
  fc.record({ kind: fc.constant('increment'), key, by: fc.constantFrom(1, -1, 9007199254740991) }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('push_flash'), queue, message: value, unlessPresent }) },
  fc.record({ kind: fc.constant('pop_flash'), queue }),
);
const repeated = fc
  .tuple(fc.array(operation, { minLength: 1, maxLength: 3 }), fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 60 })))
  .map(([operations, count]) => Array.from({ length: count }, () => operations).flat());
/** What Redis does by a script of its own. */
const sets = fc.array(fc.record({ kind: fc.constant('set' as const), key, value }), { minLength: 1, maxLength: 8 });
const changes = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: fc.array(repeated, { maxLength: 6 }).map((parts) => parts.flat()) },
    { weight: 1, arbitrary: sets },
  ),
  { minLength: 1, maxLength: 8 },
);

describe('the memory store and Redis', () => {
  const stack = stackForAllTests();
  const tokens = createTokens([randomSigningKey()]);
  let server: RedisServer;
  let memory: StoreHarness;
  let redis: StoreHarness;

  beforeAll(async () => {
    server = await stack.redis();
    const settings = { expiry: twentyMinutes, limits };
    memory = stack.use(await makeMemoryStore(settings));
    const nodes = [{ host: '127.0.0.1', port: server.port }];
    redis = stack.use(await makeRedisStore(redisConnectionOptions({ nodes }), [server])(settings));
  });

  test('agree on the effect of any list of operations, and on what is rejected', async () => {
    const outcomes = new Map<string, number>();
    const property = fc.asyncProperty(changes, async (lists) => {
      const session = newSession();
      await Promise.all([memory.store.create(session), redis.store.create(session)]);
      for (const operations of lists) {
        const [expected, actual] = await Promise.all(
          [memory.store, redis.store].map((store) => store.update(session, { mutations: operations }).then(comparable)),
        );
        expect(actual).toEqual(expected);
        const name = JSON.stringify('refusal' in expected! ? { ...expected.refusal, mutation: 0 } : expected!.status);
        outcomes.set(name, (outcomes.get(name) ?? 0) + 1);
      }
      const [expected, actual] = await Promise.all([memory.store, redis.store].map((store) => held(store, session)));
      expect(actual).toEqual(expected);
      await Promise.all([memory.store.delete(session), redis.store.delete(session)]);
    });
    // A failure prints the seed and the path that repeat it.
    await fc.assert(property, { numRuns: 1000, endOnFailure: false });
    // Generators that only made one kind of outcome would prove nothing.
    for (const limit of [
      'maxSessionBytes',
      'maxKeys',
      'maxFlashMessages',
      'maxFlashQueues',
      'maxReplyBytes',
      'maxWorkBytes',
    ]) {
      expect([limit, outcomes.get(JSON.stringify({ kind: 'limit', limit, mutation: 0 })) ?? 0]).not.toEqual([limit, 0]);
    }
    expect(outcomes.get('"updated"')).toBeGreaterThan(200);
  });

  function newSession(): NewSession {
    const { handle, secretHash } = tokens.issue();
    const { idleTimeout } = twentyMinutes;
    return { handle, secretHash, content: emptyContent, csrfToken: 'csrf', idleTimeout, subject: undefined };
  }
});

/** An outcome without times, which the stores take from different clocks, and what names the store. */
function comparable(outcome: UpdateOutcome) {
  if (outcome.status !== 'updated') return outcome;
  const { status, results, session } = outcome;
  return { status, results, session: { version: session.version } };
}

async function held(store: SessionStore, session: NewSession) {
  const loaded = await store.load(session);
  const { data, flash, version } = loaded!.session;
  return { data: [...data], flash: [...flash], version };
}
