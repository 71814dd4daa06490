import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Request, Response } from 'express';
import { Server as SocketServer } from 'socket.io';
import { io } from 'socket.io-client';
import { WebSocket, WebSocketServer } from 'ws';
import type { SessionClient } from '@session-sidecar/client';
import { sessions } from '@session-sidecar/client/express';
import type { WebSession } from '@session-sidecar/client/express';
import { connect, patience } from '../support/client';
import { stackForAllTests, stackForEachTest } from '../support/stack';
import type { Visits } from '../support/web-frameworks';

/* The middleware without a response: what express-session is used for beside pages. */

const shared = stackForAllTests();
const stack = stackForEachTest();
let client: SessionClient<Visits>;

beforeAll(async () => {
  client = shared.use(connect<Visits>(await shared.sidecar()));
});

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function visitor(): Promise<{ readonly token: string; readonly headers: { readonly cookie: string } }> {
  const session = client.create();
  session.set('note', 'old');
  await session.save();
  return { token: session.token!, headers: { cookie: `session_sidecar=${session.token}` } };
}

const sessionOf = (request: unknown) => (request as { session: WebSession<Visits> }).session;

describe('Requests for a WebSocket', () => {
  /** Counts messages in the session. */
  async function serve(own: SessionClient<Visits>): Promise<string> {
    const server = createServer();
    const sockets = stack.use(new WebSocketServer({ noServer: true }));
    const middleware = sessions({ client: own });
    const none: unknown = {};
    server.on('upgrade', (req, socket, head) => {
      void middleware(req as Request, none as Response, (error: unknown) => {
        if (error) return socket.end(`HTTP/1.1 ${(error as { status: number }).status} Refused\r\n\r\n`);
        sockets.handleUpgrade(req, socket, head, (webSocket) => sockets.emit('connection', webSocket, req));
      });
    });
    sockets.on('connection', (webSocket: WebSocket, req: IncomingMessage) => {
      webSocket.on('message', () => {
        const session = sessionOf(req);
        session.set('visits', session.get('visits', 0) + 1);
        session.save((error) => webSocket.send(error ? 'failed' : JSON.stringify(session)));
      });
    });
    return `ws://127.0.0.1:${await listen(server)}`;
  }

  test('have a session, which an explicit save() saves', async () => {
    const { token, headers } = await visitor();
    const webSocket = new WebSocket(await serve(client), { headers });
    stack.defer(() => webSocket.terminate());
    await once(webSocket, 'open');
    webSocket.send('hello');
    const [answer] = (await once(webSocket, 'message')) as [Buffer];
    expect(JSON.parse(answer.toString())).toEqual({ note: 'old', visits: 1 });
    expect((await client.open(token)).get('visits')).toBe(1);
  });

  test('fail with the error of a session that cannot be loaded', async () => {
    const unreachable = stack.use(connect<Visits>({ address: '127.0.0.1:1' }, { timeoutMs: 100 }));
    const webSocket = new WebSocket(await serve(unreachable), { headers: (await visitor()).headers });
    const [, response] = (await once(webSocket, 'unexpected-response')) as [unknown, IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(503);
  });
});

describe.each(['websocket', 'polling'])('Socket.IO by %s', (transport) => {
  test('has the session of the visitor who connects', async () => {
    const server = createServer();
    const sockets = new SocketServer(server);
    stack.defer(() => sockets.close());
    sockets.engine.use(sessions({ client }));
    sockets.on('connection', (socket) => {
      const session = sessionOf(socket.request);
      session.set('visits', 1);
      session.save((error) => socket.emit('saved', error ? 'failed' : session.get('note')));
    });
    const { token, headers } = await visitor();
    const url = `http://127.0.0.1:${await listen(server)}`;
    const socket = io(url, { transports: [transport], extraHeaders: headers, timeout: patience });
    stack.defer(() => socket.disconnect());
    const note = await new Promise((resolve, reject) => {
      socket.on('saved', resolve);
      socket.on('connect_error', reject);
    });
    expect(note).toBe('old');
    expect((await client.open(token)).get('visits')).toBe(1);
  });
});
