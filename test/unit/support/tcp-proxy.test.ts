import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '../../support/poll';
import { stackForEachTest } from '../../support/stack';
import type { TcpProxy } from '../../support/tcp-proxy';

const stack = stackForEachTest();

let proxy: TcpProxy;
let accepted: Socket[];
let received: string[];

beforeEach(async () => {
  accepted = [];
  received = [];
  // Answers each text with itself, in brackets.
  const server = createServer((socket) => {
    accepted.push(socket);
    socket.on('data', (text) => {
      received.push(text.toString());
      socket.write(`[${text.toString()}]`);
    });
    socket.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  stack.use(server);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  proxy = await stack.proxy({ host: '127.0.0.1', port });
});

interface Client {
  readonly socket: Socket;
  received(): string;
}

async function open(): Promise<Client> {
  const socket = connect(proxy.port, '127.0.0.1');
  stack.defer(() => socket.destroy());
  let text = '';
  socket.on('data', (bytes) => (text += bytes.toString())).on('error', () => undefined);
  await once(socket, 'connect');
  return { socket, received: () => text };
}

async function exchange({ socket, received }: Client, text: string): Promise<void> {
  socket.write(text);
  await until(`an answer to ${text}`, () => received().endsWith(`[${text}]`));
}

describe('TcpProxy', () => {
  test('forwards both ways, and with a delay in order', async () => {
    const client = await open();
    await exchange(client, 'one');
    proxy.delayMs = 20;
    for (const text of ['a', 'b', 'c']) await exchange(client, text);
    expect(client.received()).toBe('[one][a][b][c]');
  });

  test('a frozen connection stays open and silent; new ones work; what was sent arrives when it goes on', async () => {
    const frozen = await open();
    await exchange(frozen, 'one');
    const links = proxy.links;
    proxy.freeze();
    frozen.socket.write('two');
    await exchange(await open(), 'other');
    expect(frozen.received()).toBe('[one]');
    expect(frozen.socket.destroyed).toBe(false);
    for (const link of links) link.thaw();
    await until('the late answer', () => frozen.received() === '[one][two]');
  });

  test('a frozen connection does not tell the server that the client closed it, until it goes on', async () => {
    const client = await open();
    await exchange(client, 'one');
    proxy.freeze();
    client.socket.end('two');
    await until('the proxy to notice', () => proxy.links.length === 0);
    expect(accepted[0]!.destroyed).toBe(false);
    const closed = once(accepted[0]!, 'close');
    proxy.thaw();
    await closed;
    expect([received, proxy.connections]).toEqual([['one', 'two'], 1]);
  });

  test('a connection that is frozen from the start is forwarded when it goes on', async () => {
    proxy.newConnections = 'freeze';
    const client = await open();
    client.socket.write('one');
    await until('the proxy to connect', () => accepted.length === 1);
    expect(received).toEqual([]);
    proxy.thaw();
    await until('the late answer', () => client.received() === '[one]');
  });

  test('a frozen connection loses nothing of what a client goes on sending, however much it is', async () => {
    const client = await open();
    proxy.freeze();
    const size = 16 * 1024 * 1024;
    client.socket.write(Buffer.alloc(size, 'x'));
    proxy.thaw();
    await until('all of it', () => received.join('').length === size);
  });

  test('a forgotten connection is closed for the server alone, until it goes on', async () => {
    const client = await open();
    await exchange(client, 'one');
    const [link] = proxy.links;
    link?.forget();
    await once(accepted[0]!, 'close');
    client.socket.write('two');
    await exchange(await open(), 'other');
    expect(client.socket.destroyed).toBe(false);
    const closed = once(client.socket, 'close');
    link?.thaw();
    await closed;
    expect(client.received()).toBe('[one]');
  });

  test('a connection is cut in the middle of a reply', async () => {
    const client = await open();
    await exchange(client, 'one');
    for (const link of proxy.links) link.cutInReply(2);
    const closed = once(client.socket, 'close');
    client.socket.write('two');
    await closed;
    expect(client.received()).toBe('[one][t');
  });

  test('new connections are refused, or taken and ignored, until it is healed', async () => {
    proxy.newConnections = 'refuse';
    const refused = await open();
    await once(refused.socket, 'close');
    proxy.newConnections = 'ignore';
    const ignored = await open();
    ignored.socket.write('one');
    expect(accepted).toHaveLength(0);
    proxy.heal({ closeIgnored: true });
    await exchange(await open(), 'two');
    if (!ignored.socket.destroyed) await once(ignored.socket, 'close');
    expect(ignored.received()).toBe('');
  });
});
