import type { Client } from '@grpc/grpc-js';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { PipelineRequest } from '@session-sidecar/proto/session/v1/pipeline';
import { until } from '../support/poll';
import { connectRaw, encodeRequest, failureOf, methods, mutation } from '../support/raw-grpc';
import type { MethodName, RawClient, RequestOf } from '../support/raw-grpc';
import { callOf, connectBare, openPipeline, statusNameOf } from '../support/raw-pipeline';
import type { RawPipeline } from '../support/raw-pipeline';
import { metricOf } from '../support/ready-sidecar';
import type { RedisServer } from '../support/redis';
import { countRpcs } from '../support/sidecar';
import type { Sidecar } from '../support/sidecar';
import type { SidecarOptions } from '../support/stack';
import { stackForEachTest } from '../support/stack';

const names = Object.keys(methods) as MethodName[];
/** For a test that lets time pass by itself: sockets need the rest. */
const onlyTimeouts: Parameters<typeof jest.useFakeTimers>[0] = {
  doNotFake: [
    ...(['Date', 'hrtime', 'performance', 'nextTick', 'queueMicrotask'] as const),
    ...(['setImmediate', 'clearImmediate', 'setInterval', 'clearInterval'] as const),
  ],
};

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

afterEach(() => {
  jest.useRealTimers();
});
const stack = stackForEachTest();

interface Started {
  readonly sidecar: Sidecar;
  readonly raw: RawClient;
  /** One connection. */
  readonly client: Client;
  readonly open: (options?: { reads?: boolean }) => RawPipeline;
  newToken(value?: string): Promise<string>;
}

async function start(options: SidecarOptions = {}): Promise<Started> {
  const sidecar = await stack.sidecar(options);
  const raw = stack.use(connectRaw(sidecar.address));
  const client = stack.use(connectBare(sidecar.address));
  return {
    sidecar,
    raw,
    client,
    open(how) {
      const pipeline = openPipeline(client, how);
      stack.defer(() => pipeline.cancel());
      return pipeline;
    },
    newToken: async (value = '0') => (await raw.call('createSession', { mutations: [mutation.set('n', value)] })).token,
  };
}

/** A sidecar on a Redis that can be frozen. */
async function startOnRedis(): Promise<
  Started & { readonly redis: RedisServer; readonly inFlight: () => Promise<number> }
> {
  const redis = await stack.redis();
  const started = await start({ redis, settings: { REDIS_COMMAND_TIMEOUT: '1m' } });
  return { ...started, redis, inFlight: () => metricOf(started.sidecar, 'session_sidecar_rpcs_in_flight') };
}

const increment = (token: string) => ({ token, mutations: [mutation.increment('n', 1)] });
const range = (count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index);

describe('an RPC over the pipeline', () => {
  const requestOf = (token: string) =>
    ({ token, queue: 'q', message: Buffer.from('1'), csrfToken: 'x', mutations: [mutation.set('a', '1')] }) as Partial<
      RequestOf<MethodName>
    >;
  /** What differs from session to session, and from moment to moment, becomes its kind. */
  const masked = (message: unknown): unknown =>
    JSON.parse(
      JSON.stringify(message, (key, value: unknown) => {
        if (['token', 'handle', 'csrfToken', 'created', 'accessed', 'expires'].includes(key)) return typeof value;
        return value instanceof Map ? [...(value as Map<string, unknown>)] : value;
      }),
    );

  test.each(names)('%s is answered as it is by itself', async (method) => {
    const { raw, open, newToken } = await start();
    const [one, other] = [await newToken(), await newToken()];
    const pipeline = open();
    pipeline.send({ calls: [callOf(1, method, requestOf(one))] });
    const bytes = await pipeline.reply(1);
    const twin = await raw.call(method, requestOf(other));
    expect(masked(methods[method].responseType.decode(bytes))).toEqual(masked(twin));
  });

  test.each(['getSession', 'peekFlash', 'getCsrfToken', 'checkCsrfToken'] as const)(
    '%s is answered with the very bytes it is answered with by itself',
    async (method) => {
      const { raw, open, newToken } = await start();
      const token = await newToken();
      const pipeline = open();
      pipeline.send({ calls: [callOf<MethodName>(1, method, requestOf(token))] });
      const twin = await raw.send(methods[method].name, encodeRequest<MethodName>(method, requestOf(token)));
      expect(await pipeline.reply(1)).toEqual(twin);
    },
  );

  const refused: readonly [string, (dead: string) => Partial<RequestOf<MethodName>>][] = [
    ['a request that is not allowed', () => ({ mutations: [mutation.set('', '')] })],
    ['a token that is not genuine', (dead) => requestOf(`${dead.slice(0, -3)}AAA`)],
    ['the token of a session that has ended', requestOf],
  ];
  const failing = names.flatMap((method) => refused.map(([what, request]) => ({ method, what, request })));
  const succeeding = new Set([
    'createSession with a token that is not genuine',
    'createSession with the token of a session that has ended',
    'invalidateSession with the token of a session that has ended',
  ]);

  test.each(failing.filter(({ method, what }) => !succeeding.has(`${method} with ${what}`)))(
    '$method with $what fails as it does by itself, details and all',
    async ({ method, request }) => {
      const { raw, open, newToken } = await start();
      const dead = await newToken();
      await raw.call('invalidateSession', { token: dead });
      const pipeline = open();
      pipeline.send({ calls: [callOf(1, method, request(dead))] });
      const twin = await failureOf(raw.send(methods[method].name, encodeRequest(method, request(dead))));
      const failure = await failureOf(pipeline.reply(1));
      expect({ ...failure, message: failure.message }).toEqual({ ...twin, message: twin.message });
      expect(failure.reason).toBeDefined();
    },
  );

  test('is counted under its own name', async () => {
    const { sidecar, open, newToken } = await start();
    const token = await newToken();
    const pipeline = open();
    pipeline.send({ calls: [callOf(1, 'getSession', { token }), callOf(2, 'getSession', { token: '' })] });
    await Promise.all([pipeline.reply(1), failureOf(pipeline.reply(2))]);
    expect(await countRpcs(sidecar)).toMatchObject({ GetSession: 2 });
  });
});

describe('a stream', () => {
  test('has its headers at once, before anything was sent', async () => {
    const { open } = await start();
    await open().opened;
  });

  test('that the client half-closes gives the answers that are due, and ends', async () => {
    const { redis, open, newToken, inFlight } = await startOnRedis();
    const token = await newToken();
    const pipeline = open();
    redis.freeze();
    pipeline.send({ calls: range(300).map((id) => callOf(id, 'getSession', { token })) });
    pipeline.halfClose();
    await until('calls to be under way', async () => (await inFlight()) === 256);
    redis.thaw();
    expect(await pipeline.end).toBe('OK');
    expect(pipeline.replies.map(statusNameOf)).toEqual(range(300).map(() => 'OK'));
  });

  test('that is half-closed and empty ends', async () => {
    const { open } = await start();
    const pipeline = open();
    pipeline.halfClose();
    expect(await pipeline.end).toBe('OK');
  });

  test('that breaks off lets go of its calls', async () => {
    const { redis, open, newToken, inFlight } = await startOnRedis();
    const token = await newToken();
    const pipeline = open();
    redis.freeze();
    pipeline.send({ calls: range(300).map((id) => callOf(id, 'getSession', { token })) });
    await until('calls to be under way', async () => (await inFlight()) === 256);
    pipeline.cancel();
    await until('nothing to be under way', async () => (await inFlight()) === 0);
  });
});

describe('a deadline', () => {
  test('is kept although the store does not answer and the client does not cancel', async () => {
    const { redis, open, newToken, inFlight } = await startOnRedis();
    const token = await newToken();
    const pipeline = open();
    redis.freeze();
    pipeline.send({ calls: [callOf(1, 'getSession', { token }), callOf(2, 'getSession', { token })] });
    pipeline.send({ calls: [{ ...callOf(3, 'getSession', { token }), timeoutMs: 20 }] });
    await expect(pipeline.reply(3)).rejects.toMatchObject({ status: 'DEADLINE_EXCEEDED' });
    expect(pipeline.replies).toHaveLength(1);
    await until('the others to be under way', async () => (await inFlight()) === 2);
    redis.thaw();
    await Promise.all([pipeline.reply(1), pipeline.reply(2)]);
  });

  test('may be as far off as there are numbers for', async () => {
    const { open, newToken } = await start();
    const token = await newToken();
    const pipeline = open();
    pipeline.send({ calls: [{ ...callOf(1, 'getSession', { token }), timeoutMs: 2 ** 32 - 1 }] });
    await pipeline.reply(1);
  });
});

describe('one bad call', () => {
  test('of a method that there is not is answered UNIMPLEMENTED, and the others as ever', async () => {
    const { open, newToken } = await start();
    const token = await newToken();
    const pipeline = open();
    pipeline.send({
      calls: [
        callOf(1, 'getCsrfToken', { token }),
        { id: 2, method: 'Pipeline' },
        callOf(3, 'getCsrfToken', { token }),
      ],
    });
    expect(await failureOf(pipeline.reply(2))).toMatchObject({ status: 'UNIMPLEMENTED' });
    expect(await pipeline.reply(1)).toEqual(await pipeline.reply(3));
  });

  test('whose request is no message is answered INVALID_ARGUMENT, and the others as ever', async () => {
    const { raw, open, newToken } = await start();
    const token = await newToken();
    const pipeline = open();
    const garbage = Buffer.from([0xff, 0xff]);
    pipeline.send({
      calls: [callOf(1, 'getCsrfToken', { token }), { id: 2, method: 'GetSession', request: garbage }],
    });
    const failure = await failureOf(pipeline.reply(2));
    expect(failure).toMatchObject({ status: 'INVALID_ARGUMENT', reason: 'INVALID_ARGUMENT' });
    const twin = await failureOf(raw.send('GetSession', garbage));
    expect({ ...failure, message: failure.message }).toEqual({ ...twin, message: twin.message });
    await pipeline.reply(1);
    pipeline.send({ calls: [callOf(2, 'getCsrfToken', { token })] });
    expect(await until('the second reply', () => pipeline.replies[2])).toMatchObject({ id: 2 });
  });
});

describe('a frame that cannot be served ends its stream, and not the others of its connection,', () => {
  const frames: readonly [string, (token: string) => Buffer, string][] = [
    ['with bytes that are no message', () => Buffer.from([0x0a, 0xff]), 'INVALID_ARGUMENT'],
    [
      'with more than 1,024 calls',
      (token) => encode(range(1025).map((id) => callOf(id, 'getSession', { token }))),
      'INVALID_ARGUMENT',
    ],
    [
      'with an id twice',
      (token) => encode([callOf(7, 'updateSession', increment(token)), callOf(7, 'updateSession', increment(token))]),
      'INVALID_ARGUMENT',
    ],
    [
      'with more than 4 MiB',
      () => encode([{ id: 1, method: 'GetSession', request: Buffer.alloc(4 * 1024 * 1024) }]),
      'RESOURCE_EXHAUSTED',
    ],
  ];

  function encode(calls: Parameters<RawPipeline['send']>[0]['calls'] = []): Buffer {
    const empty = { id: 0, method: '', request: Buffer.alloc(0), timeoutMs: 0, metadata: new Map<string, string>() };
    return Buffer.from(
      PipelineRequest.encode({ calls: calls.map((call) => ({ ...empty, ...call })), cancelled: [] }).finish(),
    );
  }

  test.each(frames)('%s', async (_, frame, status) => {
    const { raw, sidecar, open, newToken } = await start();
    const token = await newToken();
    const [bad, good] = [open(), open()];
    for (const each of [bad, good]) {
      each.send({ calls: [callOf(1, 'getCsrfToken', { token })] });
      await each.reply(1);
    }
    bad.sendBytes(frame(token));
    expect(await bad.end).toMatchObject({ status });
    if (status === 'INVALID_ARGUMENT') {
      expect(await bad.end).toMatchObject({ reason: 'INVALID_ARGUMENT', violations: { calls: expect.any(String) } });
    }
    good.send({ calls: [callOf(2, 'getCsrfToken', { token })] });
    expect(await good.reply(2)).toEqual(await good.reply(1));
    const { session } = await raw.call('getSession', { token });
    expect(String(session!.data.get('n'))).toBe('0');
    expect(await metricOf(sidecar, 'session_sidecar_rpcs_in_flight')).toBe(0);
  });

  test('with the id of a call under way; what was under way is let go of', async () => {
    const { redis, open, newToken, inFlight } = await startOnRedis();
    const token = await newToken();
    const [bad, good] = [open(), open()];
    redis.freeze();
    bad.send({ calls: [callOf(1, 'getSession', { token })] });
    good.send({ calls: [callOf(1, 'getSession', { token })] });
    await until('both to be under way', async () => (await inFlight()) === 2);
    bad.send({ calls: [callOf(1, 'getSession', { token })] });
    expect(await bad.end).toMatchObject({ status: 'INVALID_ARGUMENT' });
    await until('one to be under way', async () => (await inFlight()) === 1);
    redis.thaw();
    await good.reply(1);
  });
});

describe('a cancelled call', () => {
  test('gets no reply, and its id is free again', async () => {
    const { redis, open, newToken, inFlight } = await startOnRedis();
    const token = await newToken('"the session"');
    const pipeline = open();
    redis.freeze();
    pipeline.send({ calls: [callOf(1, 'getSession', { token }), callOf(2, 'getSession', { token })] });
    await until('both to be under way', async () => (await inFlight()) === 2);
    pipeline.send({ cancelled: [1, 99] });
    await until('one to be under way', async () => (await inFlight()) === 1);
    pipeline.send({ calls: [callOf(1, 'getCsrfToken', { token })] });
    redis.thaw();
    const csrf = methods.getCsrfToken.responseType.decode(await pipeline.reply(1));
    expect(csrf.csrfToken).toHaveLength(22);
    await pipeline.reply(2);
    pipeline.halfClose();
    expect(await pipeline.end).toBe('OK');
    expect(pipeline.replies.map(({ id }) => id).sort()).toEqual([1, 2]);
  });

  test('that was not started is never started', async () => {
    const { redis, raw, open, newToken, inFlight } = await startOnRedis();
    const token = await newToken();
    const pipeline = open();
    redis.freeze();
    pipeline.send({
      calls: range(300).map((id) => callOf(id, 'updateSession', increment(token))),
      cancelled: range(44, 256),
    });
    await until('calls to be under way', async () => (await inFlight()) === 256);
    redis.thaw();
    pipeline.halfClose();
    expect(await pipeline.end).toBe('OK');
    expect(pipeline.replies).toHaveLength(256);
    const { session } = await raw.call('getSession', { token });
    expect(String(session!.data.get('n'))).toBe('256');
  });
});

test('a call whose time is over before there was room is answered DEADLINE_EXCEEDED and never started', async () => {
  const { redis, raw, open, newToken, inFlight } = await startOnRedis();
  const token = await newToken();
  const pipeline = open();
  redis.freeze();
  pipeline.send({
    calls: range(266).map((id) => callOf(id, 'updateSession', increment(token), id < 256 ? 0 : 1)),
  });
  await until('calls to be under way', async () => (await inFlight()) === 256);
  const seen = Date.now();
  await until('the time to be over', () => Date.now() > seen + 1);
  redis.thaw();
  pipeline.halfClose();
  expect(await pipeline.end).toBe('OK');
  const late = pipeline.replies.filter(({ id }) => id >= 256);
  expect(late.map(statusNameOf)).toEqual(range(10).map(() => 'DEADLINE_EXCEEDED'));
  const { session } = await raw.call('getSession', { token });
  expect(String(session!.data.get('n'))).toBe('256');
});

describe('what is under way', () => {
  test('is at most 256 calls of a stream and 2,048 of all, and all are answered in the end', async () => {
    const { redis, open, newToken, inFlight } = await startOnRedis();
    const token = await newToken();
    redis.freeze();
    const pipelines: RawPipeline[] = [];
    for (const number of range(10)) {
      const pipeline = open();
      pipelines.push(pipeline);
      pipeline.send({ calls: range(300).map((id) => callOf(id, 'getCsrfToken', { token })) });
      const most = Math.min(256 * (number + 1), 2048);
      await until(`${most} calls to be under way`, async () => (await inFlight()) === most);
    }
    redis.thaw();
    for (const pipeline of pipelines) {
      pipeline.halfClose();
      expect(await pipeline.end).toBe('OK');
      expect(pipeline.replies.map(statusNameOf)).toEqual(range(300).map(() => 'OK'));
    }
  });

  test('leaves room for others, however many calls came to nothing', async () => {
    const { open, newToken } = await start();
    const token = await newToken();
    const pipeline = open();
    for (const first of [1, 1025, 2049]) {
      pipeline.send({ calls: range(1024, first).map((id) => ({ id, method: 'NoMethod' })) });
    }
    pipeline.send({ calls: [callOf(0, 'getCsrfToken', { token })] });
    await pipeline.reply(0);
  });

  test('leaves in a frame with what was found out with it, also after large replies', async () => {
    const { redis, open, newToken, inFlight } = await startOnRedis();
    const [large, small] = [await newToken(JSON.stringify('x'.repeat(200_000))), await newToken()];
    const pipeline = open();
    for (const id of range(6)) {
      pipeline.send({ calls: [callOf(id, 'getSession', { token: large })] });
      await pipeline.reply(id);
    }
    const { frames } = pipeline;
    redis.freeze();
    pipeline.send({ calls: range(100, 6).map((id) => callOf(id, 'getCsrfToken', { token: small })) });
    await until('calls to be under way', async () => (await inFlight()) === 100);
    redis.thaw();
    for (const id of range(100, 6)) await pipeline.reply(id);
    expect(pipeline.frames - frames).toBeLessThan(4);
  });

  test('does not grow for a client that does not read; when it reads, all replies are there', async () => {
    const { sidecar, raw, open, newToken } = await start();
    const token = await newToken(JSON.stringify('x'.repeat(200_000)));
    const started = async (): Promise<number> => (await countRpcs(sidecar))['GetSession'] ?? 0;
    const pipeline = open({ reads: false });
    await pipeline.opened;
    const total = 800;
    for (const first of range(4)) {
      pipeline.send({ calls: range(total / 4, first * (total / 4)).map((id) => callOf(id, 'getSession', { token })) });
    }
    pipeline.halfClose();
    // The sidecar has stopped reading when it does nothing in the time in which it serves this many other calls.
    let before = -1;
    await until('the sidecar to start no more calls', async () => {
      for (const _ of range(20)) await raw.call('getCsrfToken', { token });
      const now = await started();
      const stopped = now > 0 && now === before;
      before = now;
      return stopped;
    });
    expect(await started()).toBeLessThan(600);

    pipeline.startReading();
    expect(await pipeline.end).toBe('OK');
    expect(pipeline.replies.map(({ id }) => id).sort((a, b) => a - b)).toEqual(range(total));
    expect(pipeline.replies.map(statusNameOf)).toEqual(range(total).map(() => 'OK'));
  });

  test('does not grow for a client that sends more than there is room for: nothing more is read until there is', async () => {
    const { redis, raw, open, newToken, inFlight } = await startOnRedis();
    const token = await newToken();
    const pipeline = open();
    redis.freeze();
    pipeline.send({ calls: range(300).map((id) => callOf(id, 'getCsrfToken', { token })) });
    await until('calls to be under way', async () => (await inFlight()) === 256);
    const total = 60;
    for (const id of range(total, 1000)) {
      pipeline.send({ calls: [{ id, method: 'Unknown', request: Buffer.alloc(1024 * 1024) }] });
    }
    let before = -1;
    await until('the sidecar to read no more', async () => {
      for (const _ of range(20)) await failureOf(raw.call('getCsrfToken', { token: '' }));
      const stopped = pipeline.accepted > 0 && pipeline.accepted === before;
      before = pipeline.accepted;
      return stopped;
    });
    expect(pipeline.accepted).toBeLessThan(total / 2);
    redis.thaw();
    pipeline.halfClose();
    expect(await pipeline.end).toBe('OK');
    expect(pipeline.replies).toHaveLength(300 + total);
  });

  test('reaches clients in frames that a gRPC library accepts by default, however many replies wait', async () => {
    const { client, newToken } = await start();
    const token = await newToken(JSON.stringify('x'.repeat(200_000)));
    const sizes: number[] = [];
    const asIs = (bytes: Buffer): Buffer => bytes;
    const stream = client.makeBidiStreamRequest('/session.v1.SessionService/Pipeline', asIs, (bytes: Buffer) => {
      sizes.push(bytes.length);
      return bytes;
    });
    stream.on('error', () => undefined);
    const calls = range(300).map((id) => ({
      ...{ method: 'GetSession', request: encodeRequest('getSession', { token }), timeoutMs: 0 },
      ...{ id, metadata: new Map<string, string>() },
    }));
    stream.write(Buffer.from(PipelineRequest.encode({ calls, cancelled: [] }).finish()));
    stream.end();
    const ended = new Promise((resolve) => stream.on('end', resolve));
    stream.resume();
    await ended;
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(300 * 200_000);
    expect(Math.max(...sizes)).toBeLessThan(2 * 1024 * 1024);
  });
});

describe('a sidecar that stops', () => {
  test('says so, answers what is under way, refuses what comes later, and takes no new streams', async () => {
    const { redis, sidecar, open, newToken, inFlight } = await startOnRedis();
    const token = await newToken();
    const pipeline = open();
    redis.freeze();
    pipeline.send({ calls: [callOf(1, 'updateSession', increment(token))] });
    await until('the call to be under way', async () => (await inFlight()) === 1);
    const closed = sidecar.close();
    await until('the sidecar to say so', () => pipeline.draining);
    pipeline.send({ calls: [callOf(2, 'getSession', { token })] });
    const failure = await failureOf(pipeline.reply(2));
    expect(failure).toMatchObject({ status: 'UNAVAILABLE', reason: 'DRAINING' });
    expect(failure.retryDelayMs).toBeGreaterThan(0);
    expect(await open().end).toMatchObject({ status: 'UNAVAILABLE', reason: 'DRAINING' });
    redis.thaw();
    await pipeline.reply(1);
    pipeline.halfClose();
    expect(await pipeline.end).toBe('OK');
    await closed;
  });

  test('waits longer for a client that has not read so yet, and refuses what it sends until then', async () => {
    const { sidecar, open, newToken } = await start();
    const token = await newToken();
    const pipeline = open();
    await pipeline.opened;
    jest.useFakeTimers(onlyTimeouts);
    const closed = sidecar.close();
    while (!pipeline.draining) await nextTurn();
    // Past the time that connections without a pipeline get.
    await jest.advanceTimersByTimeAsync(1900);
    pipeline.send({ calls: [callOf(1, 'getSession', { token })] });
    while (pipeline.replies.length === 0) await nextTurn();
    expect(await failureOf(pipeline.reply(1))).toMatchObject({ status: 'UNAVAILABLE', reason: 'DRAINING' });
    await jest.advanceTimersByTimeAsync(2000);
    jest.useRealTimers();
    await closed;
    await pipeline.end;
  });

  test('does not wait for clients that keep their streams open', async () => {
    const { sidecar, open } = await start();
    const pipeline = open();
    await pipeline.opened;
    await sidecar.close();
    await pipeline.end;
    expect(pipeline.draining).toBe(true);
  });
});
