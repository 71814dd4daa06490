import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SessionManager } from '../../server/src/session/session-manager';
import { createTokens, randomSigningKey } from '../../server/src/tokens/token';
import { ignoreEvents } from '../support/ignored-events';
import type { RedisServer } from '../support/redis';
import { makeMemoryStore, makeRedisStore, redisConnectionOptions } from '../support/store-harness';
import type { MakeStore, StoreHarness } from '../support/store-harness';
import { sessionCommands } from './session-commands';
import { modelIdle, modelLifetime, modelLimits, SessionModel } from './session-model';
import { stackForAllTests } from '../support/stack';

const settings = {
  expiry: { idleTimeout: modelIdle, touchInterval: undefined, maxLifetime: modelLifetime },
  limits: modelLimits,
};

describe('sessions behave like the model, whatever several sidecars do in any order', () => {
  const stack = stackForAllTests();
  let server: RedisServer;

  beforeAll(async () => {
    server = await stack.redis();
  });

  test('on the memory store', () => followsTheModel(makeMemoryStore, 500));

  test('on Redis', async () => {
    const connection = redisConnectionOptions({ nodes: [{ host: '127.0.0.1', port: server.port }] });
    await followsTheModel(makeRedisStore(connection, [server]), 200);
  });

  test('on Redis with a near cache', async () => {
    const connection = redisConnectionOptions({ nodes: [{ host: '127.0.0.1', port: server.port }] });
    const nearCache = { hits: 0, misses: 0 };
    await followsTheModel(makeRedisStore(connection, [server], { nearCache }), 200);
    expect(nearCache.hits).toBeGreaterThan(200);
  });

  async function followsTheModel(makeStore: MakeStore, numRuns: number): Promise<void> {
    let harness: StoreHarness | undefined;
    let commandsRun = 0;
    const tokens = createTokens([randomSigningKey()]);
    const property = fc.asyncProperty(sessionCommands, async (commands) => {
      harness = await makeStore(settings);
      const { store, advance } = harness;
      const manager = () => new SessionManager({ store, tokens, ...settings, events: ignoreEvents });
      const real = { managers: [manager(), manager()], tokens: [], commandsRun: 0, advance };
      await fc.asyncModelRun(() => ({ model: new SessionModel(), real }), commands);
      commandsRun += real.commandsRun;
    });
    const cleanUp = fc.afterEach(async () => {
      await harness?.close();
      await server.admin.flushall();
    });
    // A failure prints the seed and the path that repeat it.
    await fc.assert(property, { numRuns, endOnFailure: false, plugins: [cleanUp] });
    // Generators that only made short or impossible runs would prove nothing.
    expect(commandsRun).toBeGreaterThan(numRuns * 10);
  }
});
