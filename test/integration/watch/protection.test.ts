import { describe, expect, test } from '@jest/globals';
import { freeAddress } from '../../support/free-port';
import { codeOf, connect } from '../../support/client';
import { until } from '../../support/poll';
import { metricOf } from '../../support/ready-sidecar';
import { commandsOf, storedIn } from '../../support/redis-inspection';
import { stackForEachTest } from '../../support/stack';
import { Watching } from '../../support/watching';
import { signIn, startStore } from './fixture';

const stack = stackForEachTest();

describe('while nothing watches', () => {
  test('changes cost Redis what they would without events', async () => {
    const { options, servers } = await startStore(stack, 'redis');
    const client = stack.use(connect(await stack.sidecar(options)));
    const [redis] = servers;
    const visit = async (): Promise<void> => {
      // The index of a subject has its own cost.
      const session = await signIn(client, undefined);
      await session.regenerate();
      await session.invalidate();
    };
    // The first use of a script sends its text.
    await visit();
    const counts = await commandsOf(redis!, visit);
    expect(counts).toEqual({ evalsha: 3, get: 2, set: 2, unlink: 1, time: 3 });
    expect(Object.keys(await storedIn(redis!)).filter((key) => key.includes('events'))).toEqual([]);
  });

  test('a sidecar that watched leaves nothing behind forever', async () => {
    const { options, servers } = await startStore(stack, 'redis');
    const client = stack.use(connect(await stack.sidecar(options)));
    const watching = await Watching.start(stack, client, { group: 'g' });
    await watching.event('created', (await signIn(client, 'ada')).handle);
    const { admin } = servers[0]!;
    const keys = (await admin.keys('*')).filter((key) => key.includes('{events'));
    const ttls = await Promise.all(keys.map(async (key) => [key, await admin.pttl(key)]));
    expect(keys.length).toBeGreaterThan(4);
    expect(ttls.filter(([, ttl]) => Number(ttl) <= 0)).toEqual([]);
  });
});

describe('watchers', () => {
  test('need the API token', async () => {
    const sidecar = await stack.sidecar({ settings: { API_TOKENS: 'a-token-of-sufficient-length-for-tests' } });
    const client = stack.use(connect(sidecar));
    expect(await codeOf(client.watch().next())).toBe('API_TOKEN_INVALID');
  });

  test('are limited in number', async () => {
    const sidecar = await stack.sidecar({ settings: { MAX_WATCHERS: '2' } });
    const client = stack.use(connect(sidecar));
    await Promise.all([1, 2].map(() => Watching.start(stack, client)));
    expect(await metricOf(sidecar, 'session_sidecar_session_watchers')).toBe(2);
    const third = client.watch();
    const next = codeOf(third.next());
    await until('a refusal', async () => {
      return (await metricOf(sidecar, 'session_sidecar_refusals_total\\{limit="watchers"\\}')) > 0;
    });
    client.close();
    expect(await next).toBe('CANCELLED');
  });

  test('are told of changes in every sidecar as soon as watching has begun', async () => {
    const { options } = await startStore(stack, 'redis');
    const sidecars = await Promise.all([1, 2, 3, 4].map(() => stack.sidecar(options)));
    const [client, ...others] = sidecars.map((sidecar) => stack.use(connect(sidecar)));
    await Promise.all(others.map((other) => signIn(other, 'before')));
    const watching = await Watching.start(stack, client!);
    const made = await Promise.all(others.map((other) => signIn(other, 'after')));
    for (const { handle } of made) await watching.event('created', handle);
    expect(watching.events).toHaveLength(others.length);
  });

  test('go on with another sidecar when theirs stops', async () => {
    const { options } = await startStore(stack, 'redis');
    const first = await stack.sidecar({ ...options, address: await freeAddress() });
    const client = stack.use(connect(first));
    const watching = await Watching.start(stack, client);
    const before = await signIn(client, 'ada');
    await watching.event('created', before.handle);
    const other = stack.use(connect(await stack.sidecar(options)));
    await first.close();
    const meanwhile = await signIn(other, 'ada');
    await stack.sidecar({ ...options, address: first.address });
    await watching.event('created', meanwhile.handle);
    expect(watching.events.map(({ handle }) => handle)).toEqual([before.handle, meanwhile.handle]);
  });

  test('that read nothing are sent nothing more', async () => {
    const sidecar = await stack.sidecar({ settings: { MEMORY_STORE_SIZE: '64MiB' } });
    const client = stack.use(connect(sidecar));
    const iterator = client.watch();
    const first = iterator.next();
    await until('watching to begin', async () => (await metricOf(sidecar, 'session_sidecar_session_watchers')) === 1);
    const rounds = 10;
    for (let round = 0; round < rounds; round += 1) {
      await Promise.all(Array.from({ length: 500 }, () => signIn(client, 's'.repeat(250))));
    }
    await first;
    const sent = await metricOf(sidecar, 'session_sidecar_session_events_sent_total');
    expect(sent).toBeGreaterThan(0);
    // The rest waits in the log: the buffers of the connection hold some of them.
    expect(sent).toBeLessThan(rounds * 500);
    let received = 1;
    while (received < rounds * 500) {
      await iterator.next();
      received += 1;
    }
    await iterator.return();
  });
});
