import { status } from '@grpc/grpc-js';
import { afterEach, describe, expect, test } from '@jest/globals';
import { SessionClient, SessionError } from '@session-sidecar/client';
import { startFakePipeline } from '../support/fake-pipeline';
import { failure, sessionWith, startFakeSidecar } from '../support/fake-sidecar';
import { startFreezingProxy } from '../support/freezing-proxy';
import type { FreezingProxy } from '../support/freezing-proxy';
import { until } from '../support/poll';
import { startSidecar } from '../support/sidecar';

/*
 * How soon a connection counts as silent is tested with a clock of its own, in connection-monitor.test.ts. Here, a call whose
 * connection is not replaced waits until its deadline, which is far away.
 */

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const transports = ['pipeline', 'unary'] as const;
type TransportName = (typeof transports)[number];

async function startProxied(): Promise<FreezingProxy> {
  const sidecar = await startSidecar();
  closing.push(() => sidecar.close());
  const proxy = await startFreezingProxy(Number(sidecar.address.split(':')[1]));
  closing.push(() => proxy.close());
  return proxy;
}

function connectTo(port: number, transport: TransportName): SessionClient {
  const client = new SessionClient({ address: `127.0.0.1:${port}`, transport, timeoutMs: 20_000 });
  closing.push(() => client.close());
  return client;
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => (SessionError.is(error) ? error.code : error),
  );

describe.each(transports)('a %s connection through a path that goes silent', (transport) => {
  test('is replaced while calls wait: those that may run twice succeed, the others reach their deadline', async () => {
    const proxy = await startProxied();
    const client = connectTo(proxy.port, transport);
    const session = client.create();
    session.set('n', 1);
    await session.save();
    session.set('n', 2);

    proxy.freeze();
    const saving = session.save({ timeoutMs: 2000 });
    const outcomes = [client.open(session.token), client.open(session.token), saving].map(codeOf);
    expect(await Promise.all(outcomes)).toEqual(['no error', 'no error', 'DEADLINE_EXCEEDED']);
    expect(proxy.connections).toBe(2);
  });

  test('is replaced before it serves calls that come later, also those that must not run twice', async () => {
    const proxy = await startProxied();
    const client = connectTo(proxy.port, transport);
    const session = client.create();
    session.set('n', 1);
    await session.save();

    proxy.freeze();
    await client.open(session.token);
    session.set('n', 2);
    await session.save();
    expect((await client.open(session.token)).get('n')).toBe(2);
    expect(proxy.connections).toBe(2);
    await until('the silent connection to be closed', () => proxy.open === 1);
  });

  test('for a while only still brings the answers to calls that must not run twice, which are not sent again', async () => {
    const proxy = await startProxied();
    const client = connectTo(proxy.port, transport);
    const session = client.create();
    session.set('n', 1);
    await session.save();
    session.set('n', 2);

    proxy.freeze();
    const saving = session.save();
    // Answered over another connection.
    expect((await client.open(session.token)).get('n')).toBe(1);
    proxy.thaw();
    await saving;
    const { version } = await client.open(session.token);
    expect([session.version, version, proxy.connections]).toEqual([2, 2, 2]);
  });

  test('before the first answer is given up, and calls wait for one that answers', async () => {
    const proxy = await startProxied();
    proxy.setFreezing(true);
    const client = connectTo(proxy.port, transport);
    const session = client.create();
    session.set('n', 1);
    const saving = session.save();
    await until('another attempt', () => proxy.connections >= 3);
    proxy.setFreezing(false);
    await saving;
    expect((await client.open(session.token)).get('n')).toBe(1);
    await until('the attempts before to be closed', () => proxy.open === 1);
  });
});

describe('a connection to a sidecar that is about to stop', () => {
  const portOf = (address: string) => Number(address.split(':')[1]);

  test('is left by new calls of a pipeline, so that they reach the one that takes its place', async () => {
    const sidecar = await startFakePipeline();
    closing.push(() => sidecar.close());
    const proxy = await startFreezingProxy(portOf(sidecar.address));
    closing.push(() => proxy.close());
    const client = connectTo(proxy.port, 'pipeline');
    await client.open('token');
    sidecar.streams[0]!.announceDraining();
    await until('the connection to be left', async () => {
      await client.open('token');
      return proxy.connections === 2;
    });
    await until('it to be closed', () => proxy.open === 1);
  });

  test('is left by unary calls that it refuses', async () => {
    const sidecar = await startFakeSidecar({
      getSession(_, attempt) {
        if (attempt === 1) throw failure(status.UNAVAILABLE, 'DRAINING');
        return { session: sessionWith() };
      },
    });
    closing.push(() => sidecar.close());
    const proxy = await startFreezingProxy(portOf(sidecar.address));
    closing.push(() => proxy.close());
    await connectTo(proxy.port, 'unary').open('token');
    expect(proxy.connections).toBe(2);
    await until('it to be closed', () => proxy.open === 1);
  });
});

test.each(transports)('a %s connection outlasts an application that blocks its event loop', async (transport) => {
  const proxy = await startProxied();
  const client = connectTo(proxy.port, transport);
  const session = client.create();
  session.set('n', 1);
  await session.save();
  for (let round = 0; round < 3; round++) {
    session.set('n', round);
    const saving = session.save();
    const until = performance.now() + 1500;
    while (performance.now() < until);
    await saving;
  }
  expect(proxy.connections).toBe(1);
});
