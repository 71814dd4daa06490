import { once } from 'node:events';
import { constants, createServer } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import type { SessionClient } from '@session-sidecar/client';
import { UpdateSessionResponse } from '@session-sidecar/proto/session/v1/session_service';
import { openChannel } from '../../client/src/transport/channel';
import { unaryTransport } from '../../client/src/transport/unary-transport';
import { codeOf, connect } from '../support/client';
import type { TcpProxy } from '../support/tcp-proxy';
import { failure, sessionWith } from '../support/fake-sidecar';
import { until } from '../support/poll';
import { framed } from '../support/raw-http2';
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

  test('only for a while still delivers the replies to calls that must not run twice, which are not sent again', async () => {
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

  test('before the first answer is replaced, and calls wait for one that answers', async () => {
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
  test('is left by new pipelined calls, so that they reach its successor', async () => {
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

  test('is left by unary calls that it rejects', async () => {
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

test('a connection that received a GOAWAY is left by new calls, and brings the answers to those in flight however late', async () => {
  const streams: ServerHttp2Stream[] = [];
  let pings = 0;
  const server = createServer();
  server.on('stream', (stream) => {
    streams.push(stream);
    if (streams.length === 1) stream.session!.goaway(constants.NGHTTP2_NO_ERROR, 2 ** 31 - 1);
    else stream.session!.on('ping', () => (pings += 1));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(() => server.close());
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = unaryTransport(openChannel(address), address);
  stack.defer(() => client.close());
  const update = () =>
    client.call(
      'updateSession',
      { token: 'token', mutations: [], ifVersion: undefined, idleExpiry: undefined, subject: undefined },
      { deadline: performance.now() + 25_000 },
    );

  const updates = [update()];
  await until('the first call', () => streams.length === 1);
  await until('a call over another connection', () => {
    updates.push(update());
    return streams.length > 1 && streams.at(-1)!.session !== streams[0]!.session;
  });
  // The client pings each connection as often, unless it may not.
  await until('several pings', () => pings >= 3);
  for (const stream of streams) answer(stream);
  await Promise.all(updates);
});

function answer(stream: ServerHttp2Stream): void {
  const response = UpdateSessionResponse.encode({
    version: 2,
    expires: undefined,
    results: [],
    liveMs: 0,
    etag: Buffer.alloc(0),
  }).finish();
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(framed(response));
}

test('connections outlast an application that blocks its event loop', async () => {
  const connections = await Promise.all(
    transports.map(async (transport) => {
      const proxy = await startProxied();
      const session = connectTo(proxy, transport).create();
      session.set('n', 1);
      await session.save();
      return { transport, proxy, session };
    }),
  );
  for (let round = 0; round < 3; round++) {
    const saving = connections.map(({ session }) => {
      session.set('n', round);
      return session.save();
    });
    const until = performance.now() + 1500;
    while (performance.now() < until);
    await Promise.all(saving);
  }
  expect(connections.map(({ transport, proxy }) => [transport, proxy.connections])).toEqual([
    ['pipeline', 1],
    ['unary', 1],
  ]);
});
