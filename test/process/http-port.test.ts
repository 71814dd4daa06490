import { once } from 'node:events';
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '../support/poll';
import { metricsOf, probe } from '../support/process';
import type { ServingProcess } from '../support/process';
import { connectRaw } from '../support/raw-grpc';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();

const maxConnections = 8;

let sidecar: ServingProcess;
let clients: Client[];

beforeEach(async () => {
  clients = [];
  sidecar = await stack.process({ settings: { HTTP_MAX_CONNECTIONS: String(maxConnections) } });
});

interface Client {
  readonly socket: Socket;
  received(): string;
  isClosed(): boolean;
  /** How many answers have arrived. */
  answers(): number;
}

async function open(): Promise<Client> {
  const socket = createConnection(Number(new URL(sidecar.httpUrl).port), '127.0.0.1');
  let text = '';
  let answers = 0;
  let isClosed = false;
  socket.on('data', (bytes: Buffer) => {
    text = (text + bytes.toString('latin1')).slice(-20_000);
    answers += bytes.toString('latin1').split('HTTP/1.1 ').length - 1;
  });
  socket.on('error', () => undefined);
  socket.on('close', () => (isClosed = true));
  await once(socket, 'connect');
  const client = { socket, received: () => text, isClosed: () => isClosed, answers: () => answers };
  clients.push(client);
  stack.defer(() => socket.destroy());
  return client;
}

const get = (path: string, headers = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`;

async function refusals(limit: string): Promise<number> {
  return (await metricsOf(sidecar)).value('session_sidecar_http_refusals_total', { limit }) ?? NaN;
}

const isAlive = async (): Promise<boolean> => (await probe(`${sidecar.httpUrl}/livez`)).status === 200;

describe('pipelined requests on the HTTP port', () => {
  test('do not come before calls: 17,000 for the metrics, again and again', async () => {
    const grpc = stack.use(connectRaw(sidecar.address));
    const { token } = await grpc.call('createSession', {});
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const client = await open();
      client.socket.write(get('/metrics').repeat(17_000));
      await until('the first page', () => client.answers() > 0);
      for (let call = 0; call < 20; call += 1) await grpc.call('getSession', { token });
      expect(await isAlive()).toBe(true);
      // The others were not even read.
      expect(client.answers()).toBe(1);
    }
  });
});

describe('connections to the HTTP port', () => {
  test.each(['/livez', '/readyz', '/metrics', '/nowhere'])('end with the answer to their request: %s', async (path) => {
    const client = await open();
    client.socket.write(get(path));
    await until('the connection to be closed', client.isClosed);
    expect(client.answers()).toBe(1);
    expect(await refusals('connections')).toBe(0);
  });

  test.each([
    ['send nothing', '', 3 * maxConnections],
    ['send half a request', 'GET /metrics HTTP/1.1\r\nHost:', 3 * maxConnections],
    // Those end with their answers.
    ['send requests and read nothing', get('/metrics').repeat(1_000), 0],
  ])('that %s are closed when there are too many, and probes are always served', async (_, bytes, refused) => {
    for (let n = 0; n < 5 * maxConnections; n += 1) {
      const { socket } = await open();
      if (bytes.length > 1_000) socket.pause();
      socket.write(bytes);
      if (n % 5 === 4) expect(await isAlive()).toBe(true);
    }
    expect((await probe(`${sidecar.httpUrl}/readyz`)).text).toBe('ready\n');
    expect(await refusals('connections')).toBeGreaterThanOrEqual(refused);
    for (const { socket } of clients) socket.resume();
    await until(
      'all connections but a few to be closed',
      () => clients.filter(({ isClosed }) => !isClosed()).length <= maxConnections,
    );
  });

  test('that do not finish a request are closed after a few seconds', async () => {
    const [silent, slow] = [await open(), await open()];
    slow.socket.write('GET /livez HTTP/1.1\r\n');
    const trickle = setInterval(() => slow.socket.write('a: b\r\n'), 100);
    try {
      await until('both connections to be closed', () => silent.isClosed() && slow.isClosed());
      expect(slow.received()).toContain('408 Request Timeout');
      expect(await refusals('time')).toBeGreaterThanOrEqual(1);
    } finally {
      clearInterval(trickle);
    }
  });
});

describe('a request to the HTTP port', () => {
  test.each([
    ['headers', `GET /livez HTTP/1.1\r\na: ${'b'.repeat(20_000)}`],
    ['many headers', `GET /livez HTTP/1.1\r\n${'a: b\r\n'.repeat(3_000)}\r\n`],
    ['URL', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`],
  ])('whose %s are too long is refused', async (_, bytes) => {
    const client = await open();
    client.socket.write(bytes);
    await until('the connection to be closed', client.isClosed);
    expect(client.received()).toMatch(/^HTTP\/1\.1 431 /);
    expect(await refusals('head')).toBe(1);
    expect(await isAlive()).toBe(true);
  });

  test.each([
    ['Content-Length: 5\r\n', 'hello'],
    ['Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n0\r\n\r\n'],
    ['Content-Length: 5\r\nExpect: 100-continue\r\n', ''],
    ['Content-Length: 100000000\r\n', 'x'.repeat(1_000)],
  ])('with a body is refused, and what follows is not taken for a request: %j', async (headers, body) => {
    const client = await open();
    client.socket.write(get('/livez', headers) + body + get('/nowhere'));
    await until('the connection to be closed', client.isClosed);
    expect(client.received()).toMatch(/^HTTP\/1\.1 413 [^]*Request bodies are not allowed\.\n$/);
    expect(client.answers()).toBe(1);
    expect(await refusals('body')).toBe(1);
  });

  test('with a body and a method that is not allowed is refused likewise', async () => {
    const client = await open();
    client.socket.write('POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nGET ');
    await until('the connection to be closed', client.isClosed);
    expect(client.received()).toMatch(/^HTTP\/1\.1 405 /);
  });

  test.each(['nonsense\r\n\r\n', 'GET /livez HTTP/9.9\r\n\r\n', '\0\0\0\r\n\r\n', '\x16\x03\x01\x02\n\n'])(
    'that is not HTTP/1 is answered 400: %j',
    async (bytes) => {
      const client = await open();
      client.socket.write(bytes);
      await until('the connection to be closed', client.isClosed);
      expect(client.received()).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
      expect(await isAlive()).toBe(true);
    },
  );

  test('gets its answer though its client sends no more', async () => {
    const client = await open();
    client.socket.end(get('/livez'));
    await until('the connection to be closed', client.isClosed);
    expect(client.received()).toContain('alive\n');
  });
});
