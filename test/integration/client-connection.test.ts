import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import type { SessionClient } from '@session-sidecar/client';
import { codeOf, connect } from '../support/client';
import type { TcpProxy } from '../support/tcp-proxy';
import { failure, sessionWith } from '../support/fake-sidecar';
import { until } from '../support/poll';
import { stackForEachTest } from '../support/stack';

/*
 * How soon a connection counts as silent is tested with a clock of its own, in connection-monitor.test.ts. Here, a call whose
 * connection is not replaced waits until its deadline, which is far away.
 */

const stack = stackForEachTest();
const endpointOf = ({ address }: { address: string }) => ({ host: '127.0.0.1', port: Number(address.split(':')[1]) });

const transports = ['pipeline', 'unary'] as const;
type TransportName = (typeof transports)[number];

async function startProxied(): Promise<TcpProxy> {
  return stack.proxy(endpointOf(await stack.sidecar()));
}

function connectTo({ port }: TcpProxy, transport: TransportName): SessionClient {
  return stack.use(connect({ address: `127.0.0.1:${port}` }, { transport }));
}

describe.each(transports)('a %s connection through a path that goes silent', (transport) => {
  test('is replaced while calls wait: those that may run twice succeed, the others reach their deadline', async () => {
    const proxy = await startProxied();
    const client = connectTo(proxy, transport);
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
    const client = connectTo(proxy, transport);
    const session = client.create();
    session.set('n', 1);
    await session.save();

    proxy.freeze();
    await client.open(session.token);
    session.set('n', 2);
    await session.save();
    expect((await client.open(session.token)).get('n')).toBe(2);
    expect(proxy.connections).toBe(2);
    await until('the silent connection to be closed', () => proxy.links.length === 1);
  });

  test('for a while only still brings the answers to calls that must not run twice, which are not sent again', async () => {
    const proxy = await startProxied();
    const client = connectTo(proxy, transport);
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
    proxy.newConnections = 'freeze';
    const client = connectTo(proxy, transport);
    const session = client.create();
    session.set('n', 1);
    const saving = session.save();
    await until('another attempt', () => proxy.connections >= 3);
    proxy.newConnections = 'forward';
    await saving;
    expect((await client.open(session.token)).get('n')).toBe(1);
    await until('the attempts before to be closed', () => proxy.links.length === 1);
  });
});

describe('a connection to a sidecar that is about to stop', () => {
  test('is left by new calls of a pipeline, so that they reach the one that takes its place', async () => {
    const sidecar = await stack.fakePipeline();
    const proxy = await stack.proxy(endpointOf(sidecar));
    const client = connectTo(proxy, 'pipeline');
    await client.open('token');
    sidecar.streams[0]!.announceDraining();
    await until('the connection to be left', async () => {
      await client.open('token');
      return proxy.connections === 2;
    });
    await until('it to be closed', () => proxy.links.length === 1);
  });

  test('is left by unary calls that it refuses', async () => {
    const sidecar = await stack.fakeSidecar({
      getSession(_, attempt) {
        if (attempt === 1) throw failure(status.UNAVAILABLE, 'DRAINING');
        return { session: sessionWith() };
      },
    });
    stack.defer(() => sidecar.close());
    const proxy = await stack.proxy(endpointOf(sidecar));
    await connectTo(proxy, 'unary').open('token');
    expect(proxy.connections).toBe(2);
    await until('it to be closed', () => proxy.links.length === 1);
  });
});

test.each(transports)('a %s connection outlasts an application that blocks its event loop', async (transport) => {
  const proxy = await startProxied();
  const client = connectTo(proxy, transport);
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
