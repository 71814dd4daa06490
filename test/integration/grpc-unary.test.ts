import { once } from 'node:events';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { GetSessionResponse } from '@session-sidecar/proto/session/v1/session_service';
import { until } from '../support/poll';
import { connectHttp2, framed } from '../support/raw-http2';
import type { Http2Call, Http2Connection } from '../support/raw-http2';
import { connectRaw, encodeRequest, mutation } from '../support/raw-grpc';
import { metricOf } from '../support/ready-sidecar';
import type { Sidecar } from '../support/sidecar';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();

let sidecar: Sidecar;
let connection: Http2Connection;
let request: Buffer;

beforeEach(async () => {
  sidecar = await stack.sidecar();
  const raw = stack.use(connectRaw(sidecar.address));
  const { token } = await raw.call('createSession', { mutations: [mutation.set('name', '"Ada"')] });
  request = framed(encodeRequest('getSession', { token }));
  connection = connectHttp2(sidecar.address);
  stack.defer(() => connection.destroy());
});

/** All of a response that is no failure. */
async function responseTo({ stream, headers }: Http2Call) {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const trailers = once(stream, 'trailers');
  return { headers: await headers, trailers: (await trailers)[0] as object, body: Buffer.concat(chunks) };
}

describe('a unary call', () => {
  test('is answered as the protocol of gRPC says', async () => {
    const call = connection.begin('GetSession');
    call.stream.end(request);
    const { headers, trailers, body } = await responseTo(call);
    expect(headers).toMatchObject({ ':status': 200, 'content-type': 'application/grpc+proto' });
    expect(trailers).toMatchObject({ 'grpc-status': '0' });
    const response = body.subarray(5);
    expect(body).toEqual(framed(response));
    expect([...GetSessionResponse.decode(response).session!.data.keys()]).toEqual(['name']);
    await once(call.stream, 'close');
    expect(call.stream.rstCode).toBe(0);
  });

  test('may arrive byte by byte', async () => {
    const call = connection.begin('GetSession');
    for (const byte of request) call.stream.write(Buffer.from([byte]));
    call.stream.end();
    expect((await responseTo(call)).trailers).toMatchObject({ 'grpc-status': '0' });
  });

  test.each<[what: string, body: () => Buffer, status: string]>([
    ['without a message', () => Buffer.alloc(0), 'UNIMPLEMENTED'],
    ['with half a message', () => request.subarray(0, -1), 'UNIMPLEMENTED'],
    ['with two messages', () => Buffer.concat([request, request]), 'UNIMPLEMENTED'],
    [
      'whose message says that it is compressed',
      () => Buffer.concat([Buffer.from([1]), request.subarray(1)]),
      'INTERNAL',
    ],
    ['of more than 4 MiB', () => framed(Buffer.alloc(4 * 1024 * 1024 + 1)), 'RESOURCE_EXHAUSTED'],
  ])('%s fails, and the connection goes on', async (_what, body, status) => {
    const call = connection.begin('GetSession');
    call.stream.end(body());
    expect(await call.failure).toEqual({ status, reason: undefined });
    const next = connection.begin('GetSession');
    next.stream.end(request);
    expect((await responseTo(next)).trailers).toMatchObject({ 'grpc-status': '0' });
  });

  test('that is not one of gRPC gets status 415', async () => {
    const call = connection.begin('GetSession', { 'content-type': 'application/json' });
    call.stream.end(request);
    expect(await call.headers).toMatchObject({ ':status': 415 });
  });

  test.each(['5', 'S', '123456789S', '-1S', '1.5S', '5s', ''])('with the timeout "%s" fails', async (timeout) => {
    const call = connection.begin('GetSession', { 'grpc-timeout': timeout });
    call.stream.end(request);
    expect(await call.failure).toEqual({ status: 'INTERNAL', reason: undefined });
  });

  test('whose request is not complete at its deadline fails then', async () => {
    const call = connection.begin('GetSession', { 'grpc-timeout': '50m' });
    call.stream.write(request.subarray(0, 10));
    // The limit of a request's time has the same status, and another message.
    expect(await call.headers).toMatchObject({ 'grpc-status': '4', 'grpc-message': 'Deadline%20exceeded' });
  });

  test('whose client resets it before the request is complete leaves nothing behind', async () => {
    for (let n = 0; n < 20; n++) {
      const { stream } = connection.begin('GetSession');
      stream.write(request.subarray(0, 10));
      stream.close(8);
      await once(stream, 'close');
    }
    await until(
      'no call to be in flight',
      async () => (await metricOf(sidecar, 'session_sidecar_rpcs_in_flight')) === 0,
    );
    const next = connection.begin('GetSession');
    next.stream.end(request);
    expect((await responseTo(next)).trailers).toMatchObject({ 'grpc-status': '0' });
  });
});
