import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SessionManager } from '../../server/src/session/session-manager';
import { createTokens, randomSigningKey } from '../../server/src/tokens/token';
import { ignoreEvents } from '../support/ignored-events';
import type { RedisServer } from '../support/redis';
import { generousLimits, makeMemoryStore, makeRedisStore, redisConnectionOptions } from '../support/store-harness';
import type { MakeStore, StoreHarness } from '../support/store-harness';
import { leaseCommands } from './lease-commands';
import { LeaseModel } from './lease-model';
import { stackForAllTests } from '../support/stack';

/** So long that only leases and graces end. */
const settings = {
  expiry: { idleTimeout: undefined, touchInterval: undefined, maxLifetime: undefined },
  limits: generousLimits,
};

describe('leases and replaced tokens behave like the model: holders crash, leases end, saves come late', () => {
  const stack = stackForAllTests();
  let server: RedisServer;

  beforeAll(async () => {
    server = await stack.redis();
  });

  const connection = () => redisConnectionOptions({ nodes: [{ host: '127.0.0.1', port: server.port }] });

  test('on the memory store', () => followsTheModel(makeMemoryStore, 500));

  test('on Redis', () => followsTheModel(makeRedisStore(connection(), [server]), 200));

  test('on Redis with a near cache', async () => {
    const nearCache = { hits: 0, misses: 0 };
    await followsTheModel(makeRedisStore(connection(), [server], { nearCache, readsTwice: false }), 200);
    expect(nearCache.hits).toBeGreaterThan(20);
  });

  async function followsTheModel(makeStore: MakeStore, numRuns: number): Promise<void> {
    let harness: StoreHarness | undefined;
    const outcomes = new Map<string, number>();
    const tokens = createTokens([randomSigningKey()]);
    const property = fc.asyncProperty(leaseCommands, async (commands) => {
      harness = await makeStore(settings);
      const { store, advance, replacedTokens } = harness;
      const manager = () => new SessionManager({ store, tokens, ...settings, events: ignoreEvents });
      const managers = [manager(), manager()];
      const { token } = await managers[0]!.create({ mutations: [] });
      const reports = () => replacedTokens.length;
      const real = { managers, tokens: [token], fences: [], reports, outcomes, advance };
      await fc.asyncModelRun(() => ({ model: new LeaseModel(), real }), commands);
    });
    const cleanUp = fc.afterEach(async () => {
      await harness?.close();
      await server.admin.flushall();
    });
    // A failure prints the seed and the path that repeat it.
    await fc.assert(property, { numRuns, endOnFailure: false, plugins: [cleanUp] });
    // Generators that only made some kinds of outcomes would prove nothing.
    expect([...outcomes.keys()].sort()).toEqual(kinds);
  }
});

const kinds = [
  'acquire again',
  'acquire held',
  'acquire new',
  'invalidated',
  'not found',
  'read',
  'read in grace',
  'regenerated',
  'regenerated with grace',
  'release of none',
  'released',
  'save lost',
  'saved',
  'saved under a lease',
  'subject',
];
