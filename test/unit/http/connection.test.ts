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
let connection: Connection;
/** What was handed on of each request. */
let heads: string[];
/** Whether a request is answered as soon as it is there. */
let answers: boolean;

beforeEach(async () => {
  server = createServer({ allowHalfOpen: true, highWaterMark: 1_024 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await connect();
});

afterEach(() => {
  client.destroy();
  connection.destroy();
  server.close();
});

async function connect(): Promise<void> {
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  client = createConnection((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined);
  const [socket] = await accepted;
  connection = new Connection(socket, maxHeadBytes, (tooLong) => tooLong.destroy());
  heads = [''];
  answers = true;
  connection.on('data', (bytes: Buffer) => {
    heads.push((heads.pop() ?? '') + bytes.toString('latin1'));
    if (connection.answering) {
      heads.push('');
      if (answers) connection.next();
    }
  });
}

/** The complete requests. */
const complete = (): readonly string[] => heads.slice(0, -1);

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

describe('a connection', () => {
  test('hands on one request at a time, though all arrive together', async () => {
    answers = false;
    const requests = Array.from({ length: 5_000 }, (_, n) => get(`/${n}`));
    client.write(requests.join(''));
    await until('the first request', () => complete().length === 1);
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(complete()).toEqual(requests.slice(0, 1));
    answers = true;
    connection.next();
    await until('the others', () => complete().length === requests.length);
    expect(complete()).toEqual(requests);
  });

  test('lets other work go first after each answer', async () => {
    client.write(get('/').repeat(100));
    let turns = 0;
    const count = (): void => {
      turns += 1;
      if (complete().length < 100) setImmediate(count);
    };
    count();
    await until('all requests', () => complete().length === 100);
    expect(turns).toBeGreaterThanOrEqual(100);
  });

  test('reads little from the kernel while a request is being answered', async () => {
    answers = false;
    const sent = get('/').repeat(200_000);
    client.write(sent);
    await until('the first request', () => complete().length === 1);
    await until('the client to be held up', () => client.writableLength > sent.length / 2);
    for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(client.writableLength).toBeGreaterThan(sent.length / 2);
  });

  test('tells requests apart however they are cut, whatever their line ends', async () => {
    const line = fc.stringMatching(/^[!-~][ -~]{0,40}$/);
    const request = fc
      .tuple(
        fc.array(line, { minLength: 1, maxLength: 6 }),
        fc.constantFrom('\r\n', '\n'),
        fc.constantFrom('', '\r\n', '\n'),
      )
      .map(([lines, end, before]) => `${before}${lines.map((text) => text + end).join('')}${end}`);
    const cuts = fc.array(fc.nat(2_000), { maxLength: 12 });
    // When it fails, fast-check prints the seed that repeats it.
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 8 }), cuts, async (requests, at) => {
        connection.destroy();
        await connect();
        client.setNoDelay(true);
        const bytes = requests.join('');
        const places = [...new Set([0, ...at.filter((place) => place < bytes.length), bytes.length])].sort(
          (a, b) => a - b,
        );
        for (const [index, place] of places.slice(1).entries()) {
          client.write(bytes.slice(places[index], place), 'latin1');
          await new Promise((resolve) => setImmediate(resolve));
        }
        await until('all requests', () => complete().length === requests.length);
        expect(complete()).toEqual(requests);
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    ['a line', `GET /${'a'.repeat(100_000)}`],
    ['lines', `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(20_000)}`],
    ['empty lines', '\r\n'.repeat(50_000)],
  ])('closes when %s without an end would be a head', async (_, bytes) => {
    client.write(bytes);
    await until('the connection to be closed', () => connection.destroyed);
    expect(complete()).toEqual([]);
    expect(heads[0]?.length).toBeLessThanOrEqual(2 * maxHeadBytes);
  });

  test('hands on the end of what the client sends, after the last request', async () => {
    const ended = once(connection, 'end');
    client.end(get('/1') + get('/2'));
    await ended;
    expect(complete()).toEqual([get('/1'), get('/2')]);
    connection.write('bye');
    connection.destroySoon();
    let received = '';
    client.on('data', (bytes: Buffer) => (received += bytes.toString()));
    await once(client, 'close');
    expect(received).toBe('bye');
  });
});
