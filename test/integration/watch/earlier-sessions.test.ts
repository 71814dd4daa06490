import { describe, expect, test } from '@jest/globals';
import { connect } from '../../support/client';
import { stackForEachTest } from '../../support/stack';
import { Watching } from '../../support/watching';
import { signIn, startStore } from './fixture';
import type { Topology } from './fixture';

const stack = stackForEachTest();

describe.each<Topology>(['redis', 'cluster', 'redis without TTL'])(
  'sessions from before watching began, on %s',
  (topology) => {
    test('are found, and their expiry is reported', async () => {
      const { options } = await startStore(stack, topology);
      const client = stack.use(connect(await stack.sidecar(options)));
      const earlier = await Promise.all(Array.from({ length: 30 }, () => signIn(client, 'earlier', 5000)));
      const never = await signIn(client, 'never', undefined);
      const watching = await Watching.start(stack, client);
      for (const { handle } of earlier) {
        expect(await watching.event('expired', handle)).toMatchObject({ reason: 'idle_timeout', subject: 'earlier' });
      }
      expect(watching.events.filter(({ handle }) => handle === never.handle)).toEqual([]);
      expect(watching.events).toHaveLength(earlier.length);
    });
  },
);

test('expiry is reported when the sidecar that looked for it is gone', async () => {
  const { options, servers } = await startStore(stack, 'redis');
  const first = await stack.process({
    redis: options.redis,
    settings: { AUDIT_LOG: 'on', SIGNING_KEYS: Buffer.alloc(32, 'test').toString('base64') },
  });
  const keeper = stack.use(connect(first));
  const early = await Watching.start(stack, keeper);
  expect(early.error).toBeUndefined();
  await early.stop();
  const client = stack.use(connect(await stack.sidecar(options)));
  const watching = await Watching.start(stack, client);
  const session = await signIn(client, 'ada', 3000);
  expect(await servers[0]!.admin.keys('*keeper')).toHaveLength(1);
  first.child.kill('SIGKILL');
  await watching.event('expired', session.handle);
});

test('a session that reaches its maximum lifetime is reported as such', async () => {
  const { options } = await startStore(stack, 'redis');
  const client = stack.use(
    connect(await stack.sidecar({ ...options, settings: { MAX_LIFETIME: '2s', IDLE_TIMEOUT: '1s' } })),
  );
  const watching = await Watching.start(stack, client);
  const session = await signIn(client, 'ada', 60_000);
  expect((await watching.event('expired', session.handle)).reason).toBe('max_lifetime');
});
