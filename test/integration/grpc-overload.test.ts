import { describe, expect, test } from '@jest/globals';
import { until } from '../support/poll';
import { connectHttp2, framed } from '../support/raw-http2';
import { connectRaw, encodeRequest, failureOf, mutation } from '../support/raw-grpc';
import type { RawClient } from '../support/raw-grpc';
import { callOf, connectBare, openPipeline, statusNameOf } from '../support/raw-pipeline';
import { metricOf } from '../support/ready-sidecar';
import type { RedisServer } from '../support/redis';
import type { Sidecar } from '../support/sidecar';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();

interface Started {
  readonly redis: RedisServer;
  readonly sidecar: Sidecar;
  readonly raw: RawClient;
  readonly token: string;
  inFlight(): Promise<number>;
  refusals(limit: string): Promise<number>;
  pipeline(): ReturnType<typeof openPipeline>;
}

/** A machine that is busy with other tests keeps Redis frozen for long. */
const patient = { REDIS_COMMAND_TIMEOUT: '1m', REDIS_MAX_SILENCE: '1m' };

/** A sidecar on a Redis that can be frozen, which keeps calls in flight. */
async function start(settings: Readonly<Record<string, string>>): Promise<Started> {
  const redis = await stack.redis();
  const sidecar = await stack.sidecar({ redis, settings: { ...patient, ...settings } });
  const raw = stack.use(connectRaw(sidecar.address));
  const { token } = await raw.call('createSession', { mutations: [mutation.set('n', '0')] });
  return {
    ...{ redis, sidecar, raw, token },
    inFlight: () => metricOf(sidecar, 'session_sidecar_rpcs_in_flight'),
    refusals: (limit) => metricOf(sidecar, `session_sidecar_refusals_total\\{limit="${limit}"\\}`),
    pipeline() {
      const pipeline = openPipeline(stack.use(connectBare(sidecar.address, { own: true })));
      stack.defer(() => pipeline.cancel());
      return pipeline;
    },
  };
}

const range = (count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index);
const increment = (token: string) => ({ token, mutations: [mutation.increment('n', 1)] });

describe('when all call slots are taken', () => {
  const places = { MAX_CALLS_IN_FLIGHT: '32', MAX_CALLS_PER_STREAM: '32' };
  const impatient = { ...places, MAX_QUEUE_TIME: '200ms' };
  const overloaded = {
    ...{ status: 'UNAVAILABLE', reason: 'OVERLOADED', domain: 'session.v1' },
    metadata: { limit: '32', setting: 'SESSION_SIDECAR_MAX_CALLS_IN_FLIGHT' },
    retryDelayMs: 100,
  };

  test('a unary call that waits too long is rejected, was not started, and is counted', async () => {
    const { redis, raw, token, inFlight, refusals } = await start(impatient);
    redis.freeze();
    const calls = range(40).map(() => raw.call('updateSession', increment(token)));
    const outcomes = Promise.allSettled(calls);
    await until('the others to be refused', async () => (await refusals('calls_in_flight')) === 8);
    expect(await inFlight()).toBe(32);
    redis.thaw();
    const failures = (await outcomes).flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    expect(failures).toHaveLength(8);
    for (const failure of failures) expect(failure).toMatchObject(overloaded);
    const { session } = await raw.call('getSession', { token });
    expect(String(session!.data.get('n'))).toBe('32');
  });

  test('the rejection states when gRPC libraries may retry', async () => {
    const { redis, sidecar, token } = await start(impatient);
    redis.freeze();
    const connection = connectHttp2(sidecar.address);
    stack.defer(() => connection.destroy());
    const calls = range(33).map(() => connection.begin('GetSession'));
    for (const { stream } of calls) stream.end(framed(encodeRequest('getSession', { token })));
    expect(await calls[32]!.headers).toMatchObject({ 'grpc-status': '14', 'grpc-retry-pushback-ms': '100' });
  });

  test('a pipelined call that waits too long is rejected, and was not started', async () => {
    const { redis, raw, token, inFlight, pipeline } = await start(impatient);
    const pipe = pipeline();
    redis.freeze();
    pipe.send({ calls: range(40).map((id) => callOf(id, 'updateSession', increment(token))) });
    await until('the others to be refused', () => pipe.replies.length === 8);
    expect(await inFlight()).toBe(32);
    expect(pipe.replies.map(({ id }) => id)).toEqual(range(8, 32));
    expect(await failureOf(pipe.reply(39))).toMatchObject(overloaded);
    redis.thaw();
    pipe.halfClose();
    expect(await pipe.end).toBe('OK');
    const { session } = await raw.call('getSession', { token });
    expect(String(session!.data.get('n'))).toBe('32');
  });

  test('a frame that is read after its callers have stopped waiting is rejected, and its calls were not started', async () => {
    const { redis, raw, token, inFlight, refusals, pipeline } = await start(places);
    const pipe = pipeline();
    redis.freeze();
    pipe.send({ calls: range(64).map((id) => callOf(id, 'getSession', { token })) });
    await until('all places to be taken', async () => (await inFlight()) === 32);
    // As many as are in flight wait: no frame is read, but for one ahead.
    pipe.send({ calls: [callOf(64, 'getSession', { token })] });
    pipe.send({ calls: [callOf(65, 'updateSession', increment(token), 200)] });
    await until('the frames to leave', () => pipe.accepted === 3);
    const end = performance.now() + 200;
    await until('its caller to give up', () => performance.now() > end);
    redis.thaw();
    expect(await failureOf(pipe.reply(65))).toMatchObject({ status: 'UNAVAILABLE', reason: 'OVERLOADED' });
    expect(await refusals('paused')).toBe(1);
    pipe.halfClose();
    expect(await pipe.end).toBe('OK');
    const { session } = await raw.call('getSession', { token });
    expect(String(session!.data.get('n'))).toBe('0');
  });

  test('a queued call ends at its deadline, even if the queue allows more time', async () => {
    const { redis, raw, token, inFlight } = await start(places);
    redis.freeze();
    const others = Promise.allSettled(range(32).map(() => raw.call('getSession', { token })));
    await until('all places to be taken', async () => (await inFlight()) === 32);
    const late = failureOf(raw.call('updateSession', increment(token), { deadline: Date.now() + 1000 }));
    expect(await late).toMatchObject({ status: 'DEADLINE_EXCEEDED' });
    redis.thaw();
    await others;
    const { session } = await raw.call('getSession', { token });
    expect(String(session!.data.get('n'))).toBe('0');
  });

  test('by one client, another with few calls does not wait: unary or over a pipeline', async () => {
    const { redis, raw, token, inFlight, pipeline } = await start(places);
    redis.freeze();
    pipeline().send({ calls: range(1000).map((id) => callOf(id, 'getSession', { token })) });
    await until('all places to be taken', async () => (await inFlight()) === 32);
    const modest = raw.call('getCsrfToken', { token });
    await until('the call of another to be started', async () => (await inFlight()) === 33);
    const pipe = pipeline();
    pipe.send({ calls: [callOf(1, 'getCsrfToken', { token })] });
    await until('the call of a third to be started', async () => (await inFlight()) === 34);
    redis.thaw();
    await Promise.all([modest, pipe.reply(1)]);
  });

  test('calls of unknown methods are answered, however many streams carry them, and nothing overflows', async () => {
    const { redis, raw, token, sidecar, inFlight } = await start({
      ...places,
      MAX_STREAMS: '10000',
      MAX_PIPELINES: '10000',
      MAX_QUEUE_TIME: '1m',
    });
    redis.freeze();
    const stuck = Promise.allSettled(range(32).map(() => raw.call('getSession', { token })));
    await until('all places to be taken', async () => (await inFlight()) === 32);
    const clients = range(8).map(() => stack.use(connectBare(sidecar.address, { own: true })));
    // One real call each, which waits for a place behind those.
    const pipelines = clients.flatMap((client) => range(750).map(() => openPipeline(client)));
    for (const pipeline of pipelines) {
      pipeline.send({ calls: [{ id: 1, method: 'NoMethod' }, callOf(2, 'getCsrfToken', { token })] });
    }
    await until('the answers', () => pipelines.every(({ replies }) => replies.length > 0));
    redis.thaw();
    await until('the others', () => pipelines.every(({ replies }) => replies.length === 2));
    await stuck;
    const statuses = new Set(pipelines.map(({ replies }) => replies.map(statusNameOf).join()));
    expect([...statuses]).toEqual(['UNIMPLEMENTED,OK']);
    for (const pipeline of pipelines) pipeline.cancel();
  });
});

describe('one client with thousands of calls', () => {
  test('takes turns with others: a free slot goes to each in turn', async () => {
    const { redis, token, inFlight, pipeline } = await start({
      MAX_CALLS_IN_FLIGHT: '64',
      MAX_CALLS_PER_STREAM: '64',
    });
    redis.freeze();
    const [greedy, other] = [pipeline(), pipeline()];
    greedy.send({ calls: range(1024).map((id) => callOf(id, 'getCsrfToken', { token })) });
    await until('all places to be taken', async () => (await inFlight()) === 64);
    other.send({ calls: range(64).map((id) => callOf(id, 'getCsrfToken', { token })) });
    await until('some of the other to be started', async () => (await inFlight()) > 64);
    redis.thaw();
    await until('all answers of the other', () => other.replies.length === 64);
    expect(greedy.replies.length).toBeLessThan(1024);
    await until('all answers', () => greedy.replies.length === 1024);
  });
});
