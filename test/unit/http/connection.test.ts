import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Connection } from '../../../server/src/http/connection';
import { until } from '../../support/poll';

const maxHeadBytes = 4_096;

let server: Server;
let client: Socket;
/** The server's end. */
let accepted: Socket;
let connection: Connection;
/** Ends the last connection, at both ends. */
let disconnect = (): void => undefined;
/** What was handed on. */
let received: string;

beforeEach(async () => {
  server = createServer({ allowHalfOpen: true, highWaterMark: 1_024 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await connect();
});

afterEach(() => {
  disconnect();
  server.close();
});

async function connect(maxBodyBytes?: number): Promise<void> {
  disconnect();
  const connected = once(server, 'connection') as Promise<[Socket]>;
  client = createConnection((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined);
  [accepted] = await connected;
  connection = new Connection(accepted, maxHeadBytes, (tooLong) => tooLong.destroy(), maxBodyBytes);
  received = '';
  connection.on('data', (bytes: Buffer) => (received += bytes.toString('latin1')));
  disconnect = () => {
    client.destroy();
    connection.destroy();
  };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

describe('a connection', () => {
  test('hands on the first request only, though thousands arrive with it', async () => {
    client.write(Array.from({ length: 5_000 }, (_, n) => get(`/${n}`)).join(''));
    await until('the first request', () => connection.hasRequest);
    await turns(20);
    expect(received).toBe(get('/0'));
  });

  test('leaves what follows a request in the kernel', async () => {
    const sent = get('/').repeat(200_000);
    client.write(sent);
    await until('the first request', () => connection.hasRequest);
    await until('the client to be held up', () => client.writableLength > sent.length / 2);
    await turns(100);
    expect(client.writableLength).toBeGreaterThan(sent.length / 2);
  });

  test('finds the end of a request however it is cut, whatever its line ends', async () => {
    const line = fc.stringMatching(/^[!-~][ -~]{0,40}$/);
    const ends = fc.constantFrom('\r\n', '\n');
    const before = fc.constantFrom('', '\r\n', '\n');
    const request = fc
      .tuple(fc.array(line, { minLength: 1, maxLength: 6 }), ends, before)
      .map(([lines, end, empty]) => `${empty}${lines.map((text) => text + end).join('')}${end}`);
    const cuts = fc.array(fc.nat(400), { maxLength: 12 });
    // When it fails, fast-check prints the seed that repeats it.
    await fc.assert(
      fc.asyncProperty(request, fc.string({ unit: 'binary-ascii' }), cuts, async (first, behind, at) => {
        await connect();
        client.setNoDelay(true);
        const bytes = first + behind;
        const places = [...new Set([...at.filter((place) => place < bytes.length), bytes.length])].sort(
          (a, b) => a - b,
        );
        let from = 0;
        for (const place of places) {
          client.write(bytes.slice(from, place), 'latin1');
          from = place;
          await turns(1);
        }
        await until('the request', () => connection.hasRequest);
        await turns(2);
        expect(received).toBe(first);
      }),
      { numRuns: 100 },
    );
  });

  test('does not take a line of one byte for an empty one when it is cut before its end', async () => {
    const [first, rest] = ['GET / HTTP/1.1\nx', '\n\n'];
    client.write(first);
    await until('the first piece', () => accepted.bytesRead === first.length);
    client.write(rest);
    await until('the request', () => connection.hasRequest);
    await turns(2);
    expect(received).toBe(first + rest);
  });

  test.each([
    ['a line', `GET /${'a'.repeat(100_000)}`],
    ['lines', `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(20_000)}`],
    ['empty lines', '\r\n'.repeat(50_000)],
  ])('closes when %s without an end would be a head', async (_, bytes) => {
    client.write(bytes);
    await until('the connection to be closed', () => connection.destroyed);
    expect(received.length).toBeLessThanOrEqual(2 * maxHeadBytes);
  });

  test('ends when the client has sent less than a request', async () => {
    const ended = once(connection, 'end');
    client.end('GET / HT');
    await ended;
    expect(received).toBe('GET / HT');
    expect(connection.hasRequest).toBe(false);
  });

  test('lets an answer out to a client that sends no more, and closes', async () => {
    client.end(get('/'));
    await until('the request', () => connection.hasRequest);
    let answer = '';
    client.on('data', (bytes: Buffer) => (answer += bytes.toString()));
    connection.write('bye');
    connection.destroySoon();
    await once(client, 'close');
    expect(answer).toBe('bye');
  });
});

describe('a connection that allows a body', () => {
  const post = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n';

  test.each([1, 3, 40, 10_000])('hands on the head and that much of what follows, in pieces of %i', async (size) => {
    await connect(10);
    const sent = `${post}0123456789${get('/after').repeat(100)}`;
    for (let at = 0; at < Math.min(sent.length, 200); at += size) {
      client.write(sent.slice(at, at + size));
      await turns(2);
    }
    await until('the body', () => received.length >= post.length + 10);
    await turns(20);
    expect(received).toBe(`${post}0123456789`);
  });

  test('does not end with the client, which may wait for the response', async () => {
    await connect(10);
    client.end(`${post}01234`);
    await until('the body', () => received === `${post}01234`);
    await turns(20);
    expect(connection.readableEnded).toBe(false);
    connection.end('HTTP/1.1 200 OK\r\n\r\n');
    await once(client.resume(), 'end');
  });
});
