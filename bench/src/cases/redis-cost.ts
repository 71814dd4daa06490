import { SessionClient } from '@session-sidecar/client';
import { startRedis, startSidecar, untilReady } from '../processes';
import type { RedisServer, SidecarProcess } from '../processes';
import { countCommands } from '../redis-commands';
import type { RedisCommands } from '../redis-commands';
import { rowOf } from '../row';
import { nextPage, shopSession } from '../shop';
import type { Shop } from '../shop';
import type { Case } from './case';

const sessionCount = 200;

/** What calls cost Redis. They run one after another, so that no two share a command. */
export const redisCost: Case = {
  rows: ['redis-trips-get', 'redis-trips-live', 'redis-trips-update', 'redis-writes-within-touch'],
  async run({ quiet }) {
    await quiet();
    const redis = await startRedis();
    const [stranger, ...tokens] = await createSessions(redis.port, 1 + sessionCount);
    // It has not seen these sessions, because another sidecar created them.
    const sidecar = await startSidecar({ redisPort: redis.port });
    await untilReady(sidecar);
    const client = connect(sidecar);
    const save = async (token: string | undefined, n: number): Promise<void> => {
      const session = await client.open(token);
      session.set('page', nextPage(n));
      await session.save();
    };
    // First, because the first use of a script costs an extra command.
    await save(stranger, 1);

    const loadAll = () => oneByOne(tokens, (token) => client.open(token));
    const firstLoads = await countCommands(redis.admin, loadAll);
    const secondLoads = await countCommands(redis.admin, loadAll);
    const saves = await countCommands(redis.admin, () => oneByOne(tokens, save));
    client.close();
    const live = await liveLoads(sidecar, redis, tokens);
    await sidecar.stop();
    await redis.stop();

    const shared = { unit: 'per call', better: 'lower' } as const;
    return [
      rowOf({
        id: 'redis-trips-get',
        what: 'Commands sent to Redis for a GetSession; half of the sessions are new to the sidecar.',
        ours: (firstLoads.sent + secondLoads.sent) / (2 * sessionCount),
        ...shared,
      }),
      rowOf({
        id: 'redis-trips-live',
        what: 'Commands sent to Redis for a session that the client opens from its cache, live.',
        ours: live.sent / sessionCount,
        ...shared,
      }),
      rowOf({
        id: 'redis-trips-update',
        what: 'Commands sent to Redis for an UpdateSession.',
        // Each save includes a load, which costs as much as a second load.
        ours: (saves.sent - secondLoads.sent) / sessionCount,
        ...shared,
      }),
      rowOf({
        id: 'redis-writes-within-touch',
        what: 'Writing commands in Redis, scripts included, for a GetSession within the touch interval.',
        ours: secondLoads.writes / sessionCount,
        ...shared,
      }),
    ];
  },
};

/** Opens sessions that are live in the client's cache. */
async function liveLoads(
  { address }: SidecarProcess,
  { admin }: RedisServer,
  tokens: readonly string[],
): Promise<RedisCommands> {
  const client = new SessionClient<Shop>({ address, timeoutMs: 10_000, cache: { maxBytes: 2 ** 24 } });
  const open = (token: string) => client.open(token);
  const liveIn = async (work: () => Promise<void>): Promise<number> => {
    const { live } = client.cacheStats!;
    await work();
    return client.cacheStats!.live - live;
  };
  while ((await liveIn(() => oneByOne(tokens, open))) < tokens.length);
  let commands: RedisCommands | undefined;
  const live = await liveIn(async () => {
    commands = await countCommands(admin, () => oneByOne(tokens, open));
  });
  client.close();
  if (live < tokens.length) throw new Error(`${tokens.length - live} of ${tokens.length} sessions were not live.`);
  return commands!;
}

/** Stores sessions through a sidecar that is then stopped, and returns their tokens. */
async function createSessions(redisPort: number, count: number): Promise<string[]> {
  const sidecar = await startSidecar({ redisPort });
  await untilReady(sidecar);
  const client = connect(sidecar);
  const tokens: string[] = [];
  for (let n = 0; n < count; n++) {
    const session = client.create();
    session.update(shopSession(n, '300b'));
    await session.save();
    tokens.push(session.token!);
  }
  client.close();
  await sidecar.stop();
  return tokens;
}

function connect({ address }: SidecarProcess): SessionClient<Shop> {
  return new SessionClient<Shop>({ address, timeoutMs: 10_000 });
}

async function oneByOne<T>(items: readonly T[], work: (item: T, n: number) => Promise<unknown>): Promise<void> {
  for (const [n, item] of items.entries()) await work(item, n);
}
