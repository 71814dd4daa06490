import { connect } from 'node:http2';
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import { once } from 'node:events';
import { status } from '@grpc/grpc-js';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { SessionError } from '@session-sidecar/client';
import { connect as connectClient } from '../support/client';
import { until } from '../support/poll';
import { connectRaw, encodeRequest, failureOf, methods, mutation } from '../support/raw-grpc';
import type { MethodName, RawClient } from '../support/raw-grpc';
import { metricOf } from '../support/ready-sidecar';
import type { RedisServer } from '../support/redis';
import { countRpcs } from '../support/sidecar';
import type { Sidecar } from '../support/sidecar';
import { commandsOf } from '../support/redis-inspection';
import { stackForEachTest } from '../support/stack';
import { validRequest } from '../support/valid-requests';

const names = Object.keys(methods) as MethodName[];

/**
 * On a Redis that hangs. Where the sidecar would wait a minute by itself, that a test ends at all shows that the caller's
 * deadline was heeded.
 */
describe('a call to a sidecar whose Redis hangs', () => {
  const stack = stackForEachTest();
  let redis: RedisServer;
  let sidecar: Sidecar;
  let raw: RawClient;
  let token: string;

  async function start(commandTimeout: string): Promise<void> {
    const settings = { REDIS_COMMAND_TIMEOUT: commandTimeout, SHUTDOWN_GRACE: '1h' };
    sidecar = await stack.sidecar({ redis, settings });
    raw = stack.use(connectRaw(sidecar.address));
    token = (await raw.call('createSession', { mutations: [mutation.set('n', '0')] })).token;
  }

  beforeEach(async () => {
    redis = await stack.redis();
  });

  const increment = () => ({ token, mutations: [mutation.increment('n', 1)] });
  const inFlight = () => metricOf(sidecar, 'session_sidecar_rpcs_in_flight');
  const ended = async (method: MethodName, statusName: string): Promise<boolean> => {
    const metrics = await (await fetch(`${sidecar.httpUrl}/metrics`)).text();
    return metrics.includes(`session_sidecar_rpcs_total{method="${methods[method].name}",status="${statusName}"} 1`);
  };

  test('every call ends at the deadline of the caller, when that comes first', async () => {
    await start('1m');
    redis.freeze();
    // The sidecar rejects calls that it reads after their deadline, so there has to be time to read them.
    const deadline = Date.now() + 2000;
    const failures = await Promise.all(
      names.map((method) => failureOf(raw.call(method, validRequest(method, token), { deadline }))),
    );
    expect(failures.map(({ status: code, reason }) => [code, reason])).toEqual(
      names.map(() => ['DEADLINE_EXCEEDED', undefined]),
    );
  });

  test('every call ends with STORE_UNAVAILABLE when the command timeout comes first, and reports whether the change may have been applied', async () => {
    await start('2s');
    redis.freeze();
    const failures = await Promise.all(
      names.map((method) =>
        failureOf(raw.call(method, validRequest(method, token), { deadline: Date.now() + 20_000 })),
      ),
    );
    // Ending a subject's sessions begins with reading which there are.
    const readOnly = new Set<MethodName>([
      'getSession',
      'peekFlash',
      'getCsrfToken',
      'checkCsrfToken',
      'listSubjectSessions',
      'invalidateSubjectSessions',
    ]);
    expect(failures.map(({ status: name, reason, metadata }) => [name, reason, metadata['maybe_applied']])).toEqual(
      names.map((name) => ['UNAVAILABLE', 'STORE_UNAVAILABLE', String(!readOnly.has(name))]),
    );
  });

  test('the sidecar stops waiting at the deadline, too, and counts the call as what the caller saw', async () => {
    await start('1m');
    redis.freeze();
    await failureOf(raw.call('getSession', { token }, { deadline: Date.now() + 2000 }));
    await until('the call to have ended in the sidecar', async () => (await inFlight()) === 0);
    expect(await ended('getSession', 'DEADLINE_EXCEEDED')).toBe(true);
  });

  test('a cancelled call ends in the sidecar, too', async () => {
    await start('1m');
    redis.freeze();
    const client = stack.use(connectClient(sidecar, { timeoutMs: 60_000 }));
    const abort = new AbortController();
    const opening = client.open(token, { signal: abort.signal });
    await until('the call to be in flight', async () => (await inFlight()) === 1);
    abort.abort();
    await expect(opening).rejects.toMatchObject({ code: 'CANCELLED' });
    await until('the call to have ended in the sidecar', async () => (await inFlight()) === 0);
    expect(await ended('getSession', 'CANCELLED')).toBe(true);
  });

  test('a stopping sidecar does not wait for calls whose callers have cancelled', async () => {
    await start('1m');
    redis.freeze();
    await failureOf(raw.call('updateSession', increment(), { deadline: Date.now() + 2000 }));
    // With a grace period of an hour, this would not end.
    await sidecar.close();
  });

  test('with the TypeScript client, retries end at the deadline as well, and no change is sent twice', async () => {
    await start('2s');
    const client = stack.use(connectClient<{ n: number; own: string }>(sidecar));
    const session = await client.open(token);
    redis.freeze();
    session.set('own', 'mine');
    const before = await countRpcs(sidecar);
    await expect(session.save({ timeoutMs: 5000 })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect((await countRpcs(sidecar))['UpdateSession']).toBe((before['UpdateSession'] ?? 0) + 1);
    const error = await client.open(token, { timeoutMs: 400 }).catch((caught: unknown) => caught);
    expect(SessionError.is(error) && error.code).toMatch(/^(STORE_UNAVAILABLE|DEADLINE_EXCEEDED)$/);
  });

  test('when Redis resumes, a cancelled change was applied once or not at all, and the session works', async () => {
    await start('1m');
    redis.freeze();
    const given = Array.from({ length: 5 }, () =>
      failureOf(raw.call('updateSession', increment(), { deadline: Date.now() + 1000 })),
    );
    for (const failure of await Promise.all(given)) expect(failure.status).toBe('DEADLINE_EXCEEDED');
    redis.thaw();
    const { session } = await raw.call('getSession', { token });
    const n = Number(session!.data.get('n'));
    expect(n).toBeLessThanOrEqual(5);
    expect(session!.version).toBe(n + 1);
  });
});

describe('a deadline that has passed', () => {
  const stack = stackForEachTest();
  let redis: RedisServer;
  let sidecar: Sidecar;
  let raw: RawClient;
  let connection: ClientHttp2Session;

  beforeEach(async () => {
    redis = await stack.redis();
    sidecar = await stack.sidecar({ redis });
    raw = stack.use(connectRaw(sidecar.address));
    connection = stack.use(connect(`http://${sidecar.address}`));
  });

  function begin(method: string, timeout: string) {
    const path = `/session.v1.SessionService/${method}`;
    const headers = {
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-timeout': timeout,
    };
    return connection.request(headers, { endStream: false });
  }

  function framed(message: Buffer): Buffer {
    const frame = Buffer.alloc(5);
    frame.writeUInt32BE(message.length, 1);
    return Buffer.concat([frame, message]);
  }

  test('is kept when the wall clock is set back while the request is on its way', async () => {
    const { token } = await raw.call('createSession', {});
    redis.freeze();
    const slow = begin('GetSession', '300m');
    slow.resume();
    const ended = once(slow, 'response') as Promise<[IncomingHttpHeaders]>;
    const realNow = Date.now;
    try {
      // The server is in this process. Its headers are there when the settings of a ping have come back.
      await new Promise((resolve) => connection.ping(resolve));
      Date.now = () => realNow() - 3_600_000;
      slow.end(framed(encodeRequest('getSession', { token })));
      expect((await ended)[0]['grpc-status']).toBe(String(status.DEADLINE_EXCEEDED));
    } finally {
      Date.now = realNow;
    }
    await until('the call to have ended as its caller saw it', async () => {
      const metrics = await (await fetch(`${sidecar.httpUrl}/metrics`)).text();
      return metrics.includes('rpcs_total{method="GetSession",status="DEADLINE_EXCEEDED"} 1');
    });
    redis.thaw();
  });

  test.each(['600H', '99999999H'])('of %s is no deadline', async (timeout) => {
    const { token } = await raw.call('createSession', {});
    const call = begin('GetSession', timeout);
    call.end(framed(encodeRequest('getSession', { token })));
    call.resume();
    const [headers] = (await once(call, 'response')) as [IncomingHttpHeaders];
    expect(headers['grpc-status']).toBeUndefined();
  });

  test('prevents a request that is complete only afterwards from doing anything', async () => {
    const mutations = [mutation.set('a', '1')];
    const late = begin('CreateSession', '20m');
    const closed = once(late, 'close');
    late.write(framed(encodeRequest('createSession', { mutations })));
    const [headers] = (await once(late, 'response')) as [IncomingHttpHeaders];
    expect(headers['grpc-status']).toBe(String(status.DEADLINE_EXCEEDED));
    late.resume();

    const commands = await commandsOf(redis, async () => {
      late.end();
      await closed;
      // On the same connection, so that the sidecar has seen the end of the late one before.
      const next = begin('GetSession', '10S');
      next.end(framed(encodeRequest('getSession', {})));
      next.resume();
      await once(next, 'close');
    });
    expect(commands).toEqual({});
    expect(await redis.admin.dbsize()).toBe(0);
  });

  test('before the call is sent prevents it from being sent', async () => {
    const { token } = await raw.call('createSession', { mutations: [mutation.set('a', '1')] });
    const commands = await commandsOf(redis, async () => {
      const failure = await failureOf(raw.call('getSession', { token }, { deadline: Date.now() - 1000 }));
      expect(failure.status).toBe('DEADLINE_EXCEEDED');
    });
    expect(commands).toEqual({});
  });
});
