import { beforeAll, describe, expect, test } from '@jest/globals';
import { connect } from '../../support/client';
import { stackForAllTests } from '../../support/stack';
import { Watching } from '../../support/watching';
import { signIn, startStore } from './fixture';
import type { Client, Topology } from './fixture';

const stack = stackForAllTests();
const topologies: readonly Topology[] = ['redis', 'cluster', 'redis without TTL'];

interface Earlier {
  readonly watching: Watching;
  readonly handles: readonly (string | undefined)[];
}

/** All of them wait for sessions to expire, together. */
let earlier: readonly Earlier[];
let keeperGone: { readonly watching: Watching; readonly handle: string | undefined };
let longLived: { readonly watching: Watching; readonly handle: string | undefined };

beforeAll(async () => {
  [earlier, keeperGone, longLived] = await Promise.all([
    Promise.all(topologies.map(startEarlier)),
    startKeeperGone(),
    startLongLived(),
  ]);
});

const clientOf = async (options: Parameters<typeof stack.sidecar>[0]): Promise<Client> =>
  stack.use(connect(await stack.sidecar(options)));

async function startEarlier(topology: Topology): Promise<Earlier> {
  const client = await clientOf((await startStore(stack, topology)).options);
  const sessions = await Promise.all(Array.from({ length: 30 }, () => signIn(client, 'earlier', 8000)));
  await signIn(client, 'never', undefined);
  return { watching: await Watching.start(stack, client), handles: sessions.map(({ handle }) => handle) };
}

async function startKeeperGone(): Promise<typeof keeperGone> {
  const { options, servers } = await startStore(stack, 'redis');
  const first = await stack.process({
    redis: options.redis,
    settings: { AUDIT_LOG: 'on', SIGNING_KEYS: Buffer.alloc(32, 'test').toString('base64') },
  });
  const early = await Watching.start(stack, stack.use(connect(first)));
  expect(early.error).toBeUndefined();
  await early.stop();
  const client = await clientOf(options);
  const watching = await Watching.start(stack, client);
  const { handle } = await signIn(client, 'ada', 3000);
  expect(await servers[0]!.admin.keys('*keeper')).toHaveLength(1);
  first.child.kill('SIGKILL');
  return { watching, handle };
}

async function startLongLived(): Promise<typeof longLived> {
  const { options } = await startStore(stack, 'redis');
  const client = await clientOf({ ...options, settings: { MAX_LIFETIME: '2s', IDLE_TIMEOUT: '1s' } });
  const watching = await Watching.start(stack, client);
  const { handle } = await signIn(client, 'ada', 60_000);
  return { watching, handle };
}

describe.each(topologies.map((topology, index) => [topology, index] as const))(
  'sessions from before watching began, on %s',
  (_topology, index) => {
    test('are found, and their expiry is reported', async () => {
      const { watching, handles } = earlier[index]!;
      for (const handle of handles) {
        expect(await watching.event('expired', handle)).toMatchObject({ reason: 'idle_timeout', subject: 'earlier' });
      }
      expect(watching.events).toHaveLength(handles.length);
    });
  },
);

test('expiry is reported when the sidecar that looked for it is gone', async () => {
  await keeperGone.watching.event('expired', keeperGone.handle);
});

test('a session that reaches its maximum lifetime is reported as such', async () => {
  expect((await longLived.watching.event('expired', longLived.handle)).reason).toBe('max_lifetime');
});
