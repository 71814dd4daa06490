import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Server as SocketIoServer } from 'socket.io';
import { io } from 'socket.io-client';
import { WebSocket, WebSocketServer } from 'ws';
import { SessionError } from '@session-sidecar/client';
import type { SessionClient } from '@session-sidecar/client';
import { CsrfError, sessionOpener } from '@session-sidecar/client/node';
import { connect } from '../support/client';
import { countRpcs } from '../support/sidecar';
import type { Sidecar } from '../support/sidecar';
import { stackForAllTests, stackForEachTest } from '../support/stack';
import { storedData } from '../support/visitors';
import type { Visits } from '../support/web-frameworks';

const shared = stackForAllTests();
const stack = stackForEachTest();
let sidecar: Sidecar;
let client: SessionClient<Visits>;

beforeAll(async () => {
  sidecar = await shared.sidecar();
  client = shared.use(connect<Visits>(sidecar));
});

/** A visitor whose session has a note. */
async function visitor(): Promise<{ token: string; cookie: string }> {
  const session = client.create();
  session.set('note', 'old');
  await session.save();
  return { token: session.token!, cookie: `session_sidecar=${session.token!}` };
}

async function listen(server: HttpServer): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const statusOf = (error: unknown): number =>
  error instanceof CsrfError || SessionError.is(error) ? error.status : 500;

describe('A WebSocket of ws', () => {
  /** Each message is what the session's note becomes; the answer is what it was. */
  async function serve(openSession = sessionOpener({ client })): Promise<string> {
    const server = createServer();
    const sockets = stack.use(new WebSocketServer({ noServer: true }));
    server.on('upgrade', (req, socket, head) => {
      openSession(req).then(
        (session) => {
          if (session.isNew) return socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n');
          return sockets.handleUpgrade(req, socket, head, (webSocket) => sockets.emit('connection', webSocket, req));
        },
        (error: unknown) => socket.end(`HTTP/1.1 ${statusOf(error)} Refused\r\n\r\n`),
      );
    });
    sockets.on('connection', (webSocket: WebSocket, req: IncomingMessage) => {
      webSocket.on('message', (message: Buffer) => {
        void (async () => {
          const session = await openSession(req);
          if (session.isNew) return webSocket.close(4401);
          const before = session.get('note', '');
          session.set('note', message.toString());
          await session.save();
          webSocket.send(before);
        })();
      });
    });
    return `ws://${await listen(server)}`;
  }

  /** Resolves when the socket is open; rejects with the status of the refusal. */
  async function open(url: string, headers: Record<string, string>): Promise<WebSocket> {
    const webSocket = new WebSocket(url, { headers });
    stack.defer(() => webSocket.terminate());
    const refusal = once(webSocket, 'unexpected-response').then(([, response]) => {
      throw new Error(`refused with ${(response as IncomingMessage).statusCode ?? 0}`);
    });
    // ws reports some refusals twice.
    webSocket.on('error', () => {});
    await Promise.race([once(webSocket, 'open'), refusal]);
    return webSocket;
  }

  const ask = async (webSocket: WebSocket, message: string): Promise<string> => {
    webSocket.send(message);
    const [answer] = (await once(webSocket, 'message')) as [Buffer];
    return answer.toString();
  };

  test('reads the session of the cookie, and saves it', async () => {
    const { token, cookie } = await visitor();
    const webSocket = await open(await serve(), { cookie });
    expect([await ask(webSocket, 'one'), await ask(webSocket, 'two'), await ask(webSocket, 'three')]).toEqual([
      ...['old', 'one', 'two'],
    ]);
    expect(await storedData(client, token)).toEqual({ note: 'three' });
  });

  test('is refused without a session, and with one that has ended', async () => {
    const url = await serve();
    const { token, cookie } = await visitor();
    await expect(open(url, {})).rejects.toThrow('refused with 401');
    await (await client.open(token)).invalidate();
    await expect(open(url, { cookie })).rejects.toThrow('refused with 401');
  });

  test('notices that the visitor has logged out', async () => {
    const { token, cookie } = await visitor();
    const webSocket = await open(await serve(), { cookie });
    await (await client.open(token)).invalidate();
    webSocket.send('late');
    expect((await once(webSocket, 'close'))[0]).toBe(4401);
  });

  test('is refused to pages of other origins, without a call', async () => {
    const url = await serve(sessionOpener({ client, trustedOrigins: ['https://trusted.example'] }));
    const { cookie } = await visitor();
    const before = await countRpcs(sidecar);
    for (const foreign of [{ Origin: 'https://evil.example' }, { 'Sec-Fetch-Site': 'same-site' }]) {
      await expect(open(url, { cookie, ...foreign })).rejects.toThrow('refused with 403');
    }
    expect((await countRpcs(sidecar))['GetSession']).toBe(before['GetSession']);
    for (const Origin of [url.replace('ws:', 'http:'), 'https://trusted.example']) await open(url, { cookie, Origin });
  });

  test('tries each token that the browser sends', async () => {
    const { cookie } = await visitor();
    const other = `session_sidecar=${'A'.repeat(43)}.${'A'.repeat(24)}`;
    await open(await serve(), { cookie: `${other}; ${cookie}` });
  });

  test('is refused while its record is damaged', async () => {
    const redis = await stack.redis();
    const own = stack.use(connect<Visits>(await stack.sidecar({ redis })));
    const session = own.create();
    session.set('note', 'old');
    await session.save();
    const [key] = await redis.admin.keys('*');
    await redis.admin.set(key!, 'rubbish');
    const url = await serve(sessionOpener({ client: own }));
    await expect(open(url, { cookie: `session_sidecar=${session.token!}` })).rejects.toThrow('refused with 500');
  });

  test('is refused with 503 while there is no sidecar', async () => {
    const openSession = sessionOpener({
      client: stack.use(connect<Visits>({ address: '127.0.0.1:1' }, { timeoutMs: 200 })),
    });
    const { cookie } = await visitor();
    await expect(open(await serve(openSession), { cookie })).rejects.toThrow('refused with 503');
  });
});

describe.each(['polling', 'websocket'] as const)('A connection of Socket.IO by %s', (transport) => {
  async function serve(): Promise<string> {
    const openSession = sessionOpener({ client });
    const server = createServer();
    const sockets = new SocketIoServer(server);
    stack.defer(() => sockets.close());
    sockets.use((socket, next) => {
      openSession(socket.request).then(
        (session) => next(session.isNew ? new Error('unauthorized') : undefined),
        (error: unknown) => next(error as Error),
      );
    });
    sockets.on('connection', (socket) => {
      socket.on('note', (note: string, reply: (before: string) => void) => {
        void (async () => {
          const session = await openSession(socket.request);
          const before = session.get('note', '');
          session.set('note', note);
          await session.save();
          reply(before);
        })();
      });
    });
    return `http://${await listen(server)}`;
  }

  const connectTo = (url: string, extraHeaders: Record<string, string>) => {
    const socket = io(url, { transports: [transport], extraHeaders, reconnection: false });
    stack.defer(() => socket.disconnect());
    return socket;
  };

  test('reads the session of the cookie, and saves it', async () => {
    const { token, cookie } = await visitor();
    const socket = connectTo(await serve(), { cookie });
    expect([await socket.emitWithAck('note', 'new'), await socket.emitWithAck('note', 'newer')]).toEqual([
      ...['old', 'new'],
    ]);
    expect(await storedData(client, token)).toEqual({ note: 'newer' });
  });

  test.each<[string, (cookie: string) => Record<string, string>, RegExp]>([
    ['without a session', () => ({}), /unauthorized/],
    ['from a page of another origin', (cookie) => ({ cookie, Origin: 'https://evil.example' }), /another origin/],
  ])('is refused %s', async (_, headersOf, reason) => {
    const { cookie } = await visitor();
    const socket = connectTo(await serve(), headersOf(cookie));
    const [error] = await new Promise<[Error]>((resolve) =>
      socket.on('connect_error', (...refusal) => resolve(refusal)),
    );
    expect(error.message).toMatch(reason);
  });
});
