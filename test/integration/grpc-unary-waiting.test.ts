import { once } from 'node:events';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '../support/poll';
import { connectHttp2, framed } from '../support/raw-http2';
import type { Http2Connection } from '../support/raw-http2';
import { connectRaw, encodeRequest, failureOf, mutation } from '../support/raw-grpc';
import type { RawClient } from '../support/raw-grpc';
import { metricOf } from '../support/ready-sidecar';
import type { RedisServer } from '../support/redis';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();
const slots = 2;
const cancel = 8;

let redis: RedisServer;
let raw: RawClient;
let connection: Http2Connection;
let token: string;
let increment: Buffer;
let inFlight: () => Promise<number>;

/** A sidecar on a Redis that can be frozen, which keeps calls in flight. */
beforeEach(async () => {
  redis = await stack.redis();
  const settings = { REDIS_COMMAND_TIMEOUT: '1m', REDIS_MAX_SILENCE: '1m', MAX_CALLS_IN_FLIGHT: String(slots) };
  const sidecar = await stack.sidecar({ redis, settings });
  raw = stack.use(connectRaw(sidecar.address));
  ({ token } = await raw.call('createSession', { mutations: [mutation.set('n', '0')] }));
  increment = framed(encodeRequest('updateSession', { token, mutations: [mutation.increment('n', 1)] }));
  connection = connectHttp2(sidecar.address);
  stack.defer(() => connection.destroy());
  inFlight = () => metricOf(sidecar, 'session_sidecar_rpcs_in_flight');
});

function begin(headers: Readonly<Record<string, string>> = {}) {
  const call = connection.begin('UpdateSession', headers);
  call.stream.end(increment);
  return call;
}

async function count(): Promise<string> {
  const { session } = await raw.call('getSession', { token });
  return String(session!.data.get('n'));
}

describe('a unary call', () => {
  test('that waits for the store ends at its deadline, and no other call does', async () => {
    redis.freeze();
    const hasted = begin({ 'grpc-timeout': '300m' });
    const patient = begin({ 'grpc-timeout': '1M' });
    await until('both to be in flight', async () => (await inFlight()) === 2);
    expect(await hasted.headers).toMatchObject({ 'grpc-status': '4', 'grpc-message': 'Deadline%20exceeded' });
    await until('one to be in flight', async () => (await inFlight()) === 1);
    redis.thaw();
    expect((await patient.headers)['grpc-status']).toBeUndefined();
    expect(await count()).toBe('1');
  });

  test('that is reset while it is queued is not started', async () => {
    redis.freeze();
    const started = [begin(), begin()];
    await until('the slots to be taken', async () => (await inFlight()) === slots);
    const queued = [begin(), begin(), begin()];
    // The sidecar handles what a connection sends in order: it has answered this, so it has the calls before it.
    await connection.begin('NoSuchMethod').headers;
    for (const { stream } of queued) {
      stream.close(cancel);
      await once(stream, 'close');
    }
    await connection.begin('NoSuchMethod').headers;
    redis.thaw();
    await Promise.all(started.map(({ headers }) => headers));
    expect(await count()).toBe('2');
  });

  test('that fails returns its slot', async () => {
    for (let n = 0; n < 10 * slots; n += 1) {
      const { reason } = await failureOf(raw.call('getSession', { token: 'none' }));
      expect(reason).toBe('TOKEN_INVALID');
    }
    expect(await count()).toBe('0');
  });
});
