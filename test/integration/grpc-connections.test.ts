import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { until } from '../support/poll';
import { connectHttp2, framed } from '../support/raw-http2';
import type { Http2Connection } from '../support/raw-http2';
import { connectRaw, encodeRequest, mutation } from '../support/raw-grpc';
import type { RawClient } from '../support/raw-grpc';
import { metricOf } from '../support/ready-sidecar';
import { countRpcs } from '../support/sidecar';
import type { Sidecar } from '../support/sidecar';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();

interface Started {
  readonly sidecar: Sidecar;
  readonly raw: RawClient;
  token(value?: string): Promise<string>;
  refusals(limit: string): Promise<number>;
  http2(): Http2Connection;
  tcp(): Tcp;
}

interface Tcp {
  readonly socket: Socket;
  isClosed(): boolean;
}

async function start(settings: Readonly<Record<string, string>>): Promise<Started> {
  const sidecar = await stack.sidecar({ settings });
  const raw = stack.use(connectRaw(sidecar.address));
  return {
    ...{ sidecar, raw },
    token: async (value = '1') => (await raw.call('createSession', { mutations: [mutation.set('n', value)] })).token,
    refusals: (limit) => metricOf(sidecar, `session_sidecar_refusals_total\\{limit="${limit}"\\}`),
    http2() {
      const connection = connectHttp2(sidecar.address);
      stack.defer(() => connection.destroy());
      return connection;
    },
    tcp() {
      const [host = '', port] = sidecar.address.split(':');
      const socket = connect(Number(port), host);
      let isClosed = false;
      socket.on('error', () => undefined).on('close', () => (isClosed = true));
      socket.resume();
      stack.defer(() => socket.destroy());
      return { socket, isClosed: () => isClosed };
    },
  };
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const emptySettings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
/** The beginning of a HEADERS frame of 100 bytes. */
const partOfHeaders = Buffer.from([0, 0, 100, 1, 4, 0, 0, 0, 1, 0x82]);

function getSession(connection: Http2Connection, token: string) {
  const call = connection.begin('GetSession');
  call.stream.end(framed(encodeRequest('getSession', { token })));
  return call;
}

describe('connections past the limit', () => {
  test('replace those that never made a call, and then those that have been idle longest', async () => {
    const { raw, token, refusals, http2, tcp } = await start({ MAX_CONNECTIONS: '4' });
    const session = await token();
    const used = http2();
    await getSession(used, session).headers;
    const unused = [tcp(), tcp()];
    await until('them to be connected', () => unused.every(({ socket }) => !socket.connecting));
    const more = [http2(), http2()];
    for (const connection of more) await getSession(connection, session).headers;
    await until('the unused to be closed', () => unused.every((one) => one.isClosed()));
    expect(used.isClosed()).toBe(false);
    // Used a moment ago, so that the first of the others is the one that is idle longest.
    await raw.call('getSession', { token: session });
    await getSession(http2(), session).headers;
    await until('the idle to be closed', () => used.isClosed());
    expect(more.map((one) => one.isClosed())).toEqual([false, false]);
    expect(await refusals('connections')).toBe(3);
    expect((await raw.call('getSession', { token: session })).session!.version).toBe(1);
  });

  test('are closed when all others have calls in flight', async () => {
    const { refusals, http2, tcp } = await start({ MAX_CONNECTIONS: '2' });
    const busy = range(2).map(() => http2().begin('Pipeline'));
    for (const { headers } of busy) await headers;
    const late = tcp();
    await until('it to be closed', () => late.isClosed());
    expect(busy.every(({ stream }) => !stream.closed)).toBe(true);
    expect(await refusals('connections')).toBe(1);
  });

  test('by thousands do not prevent a client with a call in flight from getting its replies', async () => {
    const { raw, token, tcp } = await start({ MAX_CONNECTIONS: '50' });
    const session = await token();
    for (let round = 0; round < 20; round++) {
      for (let connections = 0; connections < 100; connections++) tcp();
      expect((await raw.call('getSession', { token: session })).session!.version).toBe(1);
    }
  });
});

describe('a connection is closed', () => {
  const impatient = { STALL_TIMEOUT: '200ms', KEEPALIVE_INTERVAL: '300ms' };

  const halves: Readonly<Record<string, readonly Buffer[]>> = {
    'that sends nothing': [],
    'that sends half of the preface': [preface.subarray(0, 10)],
    'that sends the preface and no settings': [preface],
  };

  test.each(Object.entries(halves))('%s', async (_, parts) => {
    const { refusals, tcp } = await start(impatient);
    const slow = tcp();
    for (const part of parts) slow.socket.write(part);
    await until('it to be closed', () => slow.isClosed());
    expect(await refusals('handshake')).toBe(1);
  });

  test('that sends another protocol', async () => {
    const { tcp } = await start(impatient);
    const http1 = tcp();
    http1.socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until('it to be closed', () => http1.isClosed());
  });

  test('that sends a part of a frame, or a byte of it now and then', async () => {
    const { refusals, tcp } = await start(impatient);
    const [silent, dribbling] = [tcp(), tcp()];
    for (const { socket } of [silent, dribbling]) {
      socket.write(Buffer.concat([preface, emptySettings, partOfHeaders]));
    }
    const drops = setInterval(() => dribbling.socket.write(Buffer.from([0])), 50);
    stack.defer(() => clearInterval(drops));
    await until('both to be closed', () => silent.isClosed() && dribbling.isClosed());
    expect(await refusals('keepalive')).toBe(2);
  });

  test('that does not answer a ping', async () => {
    const { refusals, tcp } = await start(impatient);
    const dead = tcp();
    dead.socket.write(Buffer.concat([preface, emptySettings]));
    await until('it to be closed', () => dead.isClosed());
    expect(await refusals('keepalive')).toBe(1);
  });

  test('but not one that answers, however idle', async () => {
    const { raw, token, http2 } = await start(impatient);
    const alive = http2();
    const session = await token();
    await getSession(alive, session).headers;
    // As long as this takes, it would have been closed several times.
    const dead = connectDeadTwice();
    await dead();
    expect(alive.isClosed()).toBe(false);
    expect((await raw.call('getSession', { token: session })).session!.version).toBe(1);

    function connectDeadTwice(): () => Promise<void> {
      return async () => {
        for (const _ of range(2)) {
          const connection = connect(alive.session.socket.remotePort!, '127.0.0.1');
          connection.on('error', () => undefined).resume();
          connection.write(Buffer.concat([preface, emptySettings]));
          await new Promise((resolve) => connection.once('close', resolve));
        }
      };
    }
  });
});

describe('a request', () => {
  test('that does not arrive in time is answered DEADLINE_EXCEEDED, and others on its connection are unaffected', async () => {
    const { token, refusals, http2 } = await start({ STALL_TIMEOUT: '100ms' });
    const connection = http2();
    const slow = connection.begin('GetSession');
    slow.stream.write(framed(encodeRequest('getSession', { token: await token() })).subarray(0, 20));
    expect(await slow.failure).toEqual({ status: 'DEADLINE_EXCEEDED', reason: undefined });
    expect(await refusals('request_time')).toBe(1);
    expect(await getSession(connection, await token()).headers).not.toHaveProperty('grpc-status');
  });

  test('of a client that sends more than its share is rejected, and those of others are served', async () => {
    const { raw, token, refusals, http2 } = await start({ REQUEST_BUFFER_SIZE: '4MiB' });
    const session = await token();
    const flood = http2();
    const calls = range(8).map(() => flood.begin('GetSession'));
    const body = framed(Buffer.alloc(4 * 1024 * 1024)).subarray(0, 1024 * 1024);
    for (const { stream } of calls) stream.write(body);
    expect(await Promise.race(calls.map(({ failure }) => failure))).toEqual({
      status: 'UNAVAILABLE',
      reason: 'OVERLOADED',
    });
    expect((await raw.call('getSession', { token: session })).session!.version).toBe(1);
    expect(await refusals('request_buffer')).toBeGreaterThan(0);
    for (const { stream } of calls) stream.close();
    await until('room again', async () => {
      const answer = await getSession(flood, session).headers;
      return answer['grpc-status'] === undefined;
    });
  });

  test('that is rejected is not started, although it is complete by then', async () => {
    const { sidecar, http2 } = await start({ REQUEST_BUFFER_SIZE: '4MiB' });
    const [holder, late] = [http2(), http2()];
    const held = holder.begin('GetSession');
    held.stream.write(framed(Buffer.alloc(4 * 1024 * 1024)).subarray(0, 3 * 1024 * 1024));
    const value = Buffer.from(JSON.stringify('x'.repeat(3 * 1024 * 1024)));
    const call = late.begin('CreateSession');
    call.stream.end(framed(encodeRequest('createSession', { mutations: [mutation.set('n', value)] })));
    expect(await call.failure).toEqual({ status: 'UNAVAILABLE', reason: 'OVERLOADED' });
    expect((await countRpcs(sidecar))['CreateSession']).toBeUndefined();
  });

  test('that is compressed is refused, because a few bytes could become a thousand times as many', async () => {
    const { token, refusals, http2 } = await start({});
    const call = http2().begin('GetSession', { 'grpc-encoding': 'gzip' });
    call.stream.end(framed(encodeRequest('getSession', { token: await token() })));
    expect(await call.headers).toMatchObject({ 'grpc-status': '12', 'grpc-accept-encoding': 'identity' });
    expect(await refusals('compression')).toBe(1);
  });

  test('of an unknown method is answered without its name, however long', async () => {
    const { http2 } = await start({});
    const { headers } = http2().begin(`/${'x'.repeat(10_000)}/y`);
    expect(await headers).toMatchObject({ 'grpc-status': '12' });
    expect(JSON.stringify(await headers).length).toBeLessThan(1000);
  });

  test.each([
    ['streams', 'MAX_STREAMS', 'GetSession'],
    ['pipelines', 'MAX_PIPELINES', 'Pipeline'],
  ])('past the limit of %s is rejected, and those of other clients are served', async (limit, setting, method) => {
    const { raw, token, refusals, http2 } = await start({ [setting]: '10' });
    const session = await token();
    const many = http2();
    const open = range(12).map(() => many.begin(method));
    expect(await open.at(-1)!.failure).toEqual({ status: 'UNAVAILABLE', reason: 'OVERLOADED' });
    expect(await refusals(limit)).toBeGreaterThan(0);
    expect(await http2().begin('Pipeline').headers).toMatchObject({ ':status': 200 });
    expect((await raw.call('getSession', { token: session })).session!.version).toBe(1);
  });
});

describe('a client that does not read its replies', () => {
  const large = JSON.stringify('x'.repeat(250_000));
  const small = { REPLY_BUFFER_SIZE: '4MiB' };
  const settings = { ...small, MAX_QUEUE_TIME: '200ms', STALL_TIMEOUT: '1h' };

  test('gets no more of them, and the rest OVERLOADED; others are served', async () => {
    const { sidecar, raw, token, refusals, http2 } = await start(settings);
    const [big, session] = [await token(large), await token()];
    const unread = http2();
    const calls = range(100).map(() => {
      const call = unread.begin('GetSession');
      call.stream.pause();
      call.stream.end(framed(encodeRequest('getSession', { token: big })));
      return call;
    });
    await until('calls to be refused', async () => (await refusals('reply_buffer')) >= 70);
    expect((await countRpcs(sidecar))['GetSession']).toBeLessThan(30);
    expect(await calls.at(-1)!.failure).toEqual({ status: 'UNAVAILABLE', reason: 'OVERLOADED' });
    expect((await raw.call('getSession', { token: session })).session!.version).toBe(1);
  });

  test('is closed when it reads none for a while and replies exceed the budget', async () => {
    const { raw, token, http2 } = await start({ ...small, STALL_TIMEOUT: '200ms' });
    const big = await token(large);
    const unread = range(4).map(() => http2());
    for (const connection of unread) {
      for (const _ of range(30)) {
        const call = connection.begin('GetSession');
        call.stream.pause();
        call.stream.end(framed(encodeRequest('getSession', { token: big })));
      }
    }
    await until('one to be closed', () => unread.some((one) => one.isClosed()));
    expect((await raw.call('getSession', { token: big })).session!.version).toBe(1);
  });
});
