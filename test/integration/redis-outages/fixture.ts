import { emptyContent } from '../../../server/src/session/content';
import type { NewSession, SessionStore } from '../../../server/src/session/session-store';
import type { RedisConnectionOptions } from '../../../server/src/store/redis/connection/client-options';
import { RedisStore } from '../../../server/src/store/redis/redis-store';
import { createTokens, randomSigningKey } from '../../../server/src/tokens/token';
import { until } from '../../support/poll';
import { stackForEachTest } from '../../support/stack';
import {
  connectForTest,
  generousLimits,
  keyPrefix,
  redisConnectionOptions,
  twentyMinutes,
} from '../../support/store-harness';

export const tokens = createTokens([randomSigningKey()]);
export const increment = { mutations: [{ kind: 'increment', key: 'n', by: 1 }] } as const;
export const nothingChanged = { reason: 'STORE_UNAVAILABLE', metadata: { maybe_applied: 'false' } };

export const at = ({ port }: { readonly port: number }) => ({ host: '127.0.0.1', port });

/** As a sidecar connects with its defaults, but with more time to connect and to answer on a busy machine. */
export function optionsOf(overrides: Partial<RedisConnectionOptions>): RedisConnectionOptions {
  return redisConnectionOptions({
    commandTimeoutMs: 1_000,
    connectTimeoutMs: 1_000,
    maxSilenceMs: 1_500,
    ...overrides,
  });
}

/** Opens stores for the tests of a file, each of which ends what it opened. */
export function openedStores() {
  const stack = stackForEachTest();

  async function open(overrides: Partial<RedisConnectionOptions>): Promise<RedisStore> {
    const options = optionsOf(overrides);
    const { commandTimeoutMs } = options;
    const settings = { expiry: twentyMinutes, limits: generousLimits, keyPrefix, expireKeys: true, commandTimeoutMs };
    const store = stack.use(new RedisStore({ connection: connectForTest(options), ...settings }));
    // A Cluster's store is ready with its first node.
    await until('the store to be ready', () => store.ready && store.parts.every(({ ready }) => ready));
    return store;
  }

  return { stack, open };
}

export async function create(store: SessionStore): Promise<NewSession> {
  const content = emptyContent;
  const session = { ...tokens.issue(), content, csrfToken: 'csrf', idleTimeout: 1_200_000, subject: undefined };
  await store.create(session);
  return session;
}

export const works = (store: SessionStore, session: NewSession) =>
  store.update(session, increment).then(
    ({ status }) => status === 'updated',
    () => false,
  );

export async function countOf(store: SessionStore, session: NewSession): Promise<number> {
  return Number((await store.load(session))?.session.data.get('n') ?? 0);
}
