import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '../../support/poll';
import { TcpProxy } from './tcp-proxy';

/** Answers each text with itself, in brackets. */
let server: Server;
let proxy: TcpProxy;
let accepted: Socket[];
const clients: Socket[] = [];

beforeEach(async () => {
  accepted = [];
  server = createServer((socket) => {
    accepted.push(socket);
    socket.on('data', (text) => socket.write(`[${text.toString()}]`));
    socket.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  proxy = await TcpProxy.start({ host: '127.0.0.1', port });
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await proxy.stop();
  server.close();
});

interface Client {
  readonly socket: Socket;
  received(): string;
}

async function open(): Promise<Client> {
  const { port } = proxy.listensAt as { port: number };
  const socket = connect(port, '127.0.0.1');
  clients.push(socket);
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
    for (const link of links) link.freeze(['requests', 'replies']);
    frozen.socket.write('two');
    await exchange(await open(), 'other');
    expect(frozen.received()).toBe('[one]');
    expect(frozen.socket.destroyed).toBe(false);
    for (const link of links) link.thaw();
    await until('the late answer', () => frozen.received() === '[one][two]');
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
