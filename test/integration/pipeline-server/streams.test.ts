import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { PipelineRequest } from '@session-sidecar/proto/session/v1/pipeline';
import { until } from '../../support/poll';
import { failureOf } from '../../support/raw-grpc';
import { callOf, statusNameOf } from '../../support/raw-pipeline';
import type { RawPipeline } from '../../support/raw-pipeline';
import { metricOf } from '../../support/ready-sidecar';
import { increment, pipelineServers, range } from './fixture';

/** For a test that lets time pass by itself: sockets need the rest. */
const onlyTimeouts: Parameters<typeof jest.useFakeTimers>[0] = {
  doNotFake: [
    ...(['Date', 'hrtime', 'performance', 'nextTick', 'queueMicrotask'] as const),
    ...(['setImmediate', 'clearImmediate', 'setInterval', 'clearInterval'] as const),
  ],
};

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

// Before what was started is ended.
afterEach(() => {
  jest.useRealTimers();
});

const { start, startOnRedis } = pipelineServers();

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
    await until('calls to be in flight', async () => (await inFlight()) === 256);
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

  test('that breaks off cancels its calls', async () => {
    const { redis, open, newToken, inFlight } = await startOnRedis();
    const token = await newToken();
    const pipeline = open();
    redis.freeze();
    pipeline.send({ calls: range(300).map((id) => callOf(id, 'getSession', { token })) });
    await until('calls to be in flight', async () => (await inFlight()) === 256);
    pipeline.cancel();
    await until('nothing to be in flight', async () => (await inFlight()) === 0);
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
      PipelineRequest.encode({
        calls: calls.map((call) => ({ ...empty, ...call })),
        cancelled: [],
        confirm: 0,
      }).finish(),
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

  test('with the id of a call in flight; calls in flight are cancelled', async () => {
    const { redis, open, newToken, inFlight } = await startOnRedis();
    const token = await newToken();
    const [bad, good] = [open(), open()];
    redis.freeze();
    bad.send({ calls: [callOf(1, 'getSession', { token })] });
    good.send({ calls: [callOf(1, 'getSession', { token })] });
    await until('both to be in flight', async () => (await inFlight()) === 2);
    bad.send({ calls: [callOf(1, 'getSession', { token })] });
    expect(await bad.end).toMatchObject({ status: 'INVALID_ARGUMENT' });
    await until('one to be in flight', async () => (await inFlight()) === 1);
    redis.thaw();
    await good.reply(1);
  });
});

describe('a sidecar that stops', () => {
  test('announces it, answers calls in flight, rejects later ones, and accepts no new streams', async () => {
    const { redis, sidecar, open, newToken, inFlight } = await startOnRedis();
    const token = await newToken();
    const pipeline = open();
    redis.freeze();
    pipeline.send({ calls: [callOf(1, 'updateSession', increment(token))] });
    await until('the call to be in flight', async () => (await inFlight()) === 1);
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

  test('waits longer for a client that has not read the announcement, and rejects what it sends until then', async () => {
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
