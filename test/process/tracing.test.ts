import { beforeEach, describe, expect, test } from '@jest/globals';
import { SessionClient } from '@session-sidecar/client';
import { until } from '../support/poll';
import { metricsOf } from '../support/process';
import { connectRaw, failureOf, mutation } from '../support/raw-grpc';
import type { MethodName, RequestOf } from '../support/raw-grpc';
import { callOf, connectBare, openPipeline } from '../support/raw-pipeline';
import { newTrace, startTraced, treeOf, untilInFlight } from '../support/traced-sidecar';
import type { Traced } from '../support/traced-sidecar';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();

let traced: Traced;

beforeEach(async () => {
  traced = await startTraced(stack);
});

const service = 'session.v1.SessionService';

type Send = <M extends MethodName>(
  method: M,
  request: Partial<RequestOf<M>>,
  metadata: Readonly<Record<string, string>>,
) => Promise<unknown>;

/** Ways for a call to come, each as generated stubs have it. */
const transports: Readonly<Record<string, (address: string) => Send>> = {
  'a unary call': (address) => {
    const client = stack.use(connectRaw(address));
    return (method, request, metadata) => client.call(method, request, { metadata });
  },
  'a call of a pipeline': (address) => {
    const connection = connectBare(address);
    const pipeline = openPipeline(connection);
    stack.defer(() => {
      pipeline.cancel();
      connection.close();
    });
    let id = 0;
    return (method, request, metadata) => {
      id += 1;
      pipeline.send({ calls: [callOf(id, method, request, 20_000, metadata)] });
      return pipeline.reply(id);
    };
  },
};

describe.each(Object.entries(transports))('%s', (_, connect) => {
  test('that names a span has its own below that, and below its own that of Redis', async () => {
    const { sidecar, client } = await traced.start();
    const { token } = await client.call('createSession', {});
    const { traceId, spanId, metadata } = newTrace();
    await connect(sidecar.address)('getSession', { token }, metadata);
    const spans = await traced.collector.spansOf(traceId, 2);
    expect(treeOf(spans, spanId)).toEqual([`SERVER ${service}/GetSession OK > CLIENT load`]);
    expect(spans.map(({ traceState }) => traceState)).toEqual(['vendor=1', 'vendor=1']);
    const [rpc, store] = [...spans].sort((a, b) => b.kind.localeCompare(a.kind));
    expect(rpc?.attributes).toEqual({
      'rpc.system.name': 'grpc',
      'rpc.method': `${service}/GetSession`,
      'rpc.status_code': 'OK',
    });
    expect(store?.attributes).toEqual({ 'db.system.name': 'redis', 'db.operation.name': 'load' });
  });

  test('that names none begins a trace', async () => {
    const { sidecar } = await traced.start();
    await connect(sidecar.address)('createSession', {}, {});
    const [span] = await until('a span', () => traced.collector.spans.length === 2 && traced.collector.spans);
    expect(treeOf(await traced.collector.spansOf(span!.traceId, 2), '')).toEqual([
      `SERVER ${service}/CreateSession OK > CLIENT create`,
    ]);
  });

  test.each(['nonsense', '00-00000000000000000000000000000000-0000000000000000-01', ''])(
    'whose traceparent is %p begins a trace',
    async (traceparent) => {
      const { sidecar } = await traced.start();
      await connect(sidecar.address)('createSession', {}, { traceparent });
      await until('the spans', () => traced.collector.spans.length === 2);
      expect(traced.collector.spans.filter(({ parentSpanId }) => parentSpanId === '')).toHaveLength(1);
    },
  );

  test('of a trace that the caller does not export is not exported', async () => {
    const { sidecar } = await traced.start();
    const send = connect(sidecar.address);
    const { traceId, metadata } = newTrace('00');
    await send('createSession', {}, metadata);
    const later = newTrace();
    await send('createSession', {}, later.metadata);
    await traced.collector.spansOf(later.traceId, 2);
    expect(traced.collector.spans.filter((span) => span.traceId === traceId)).toEqual([]);
  });

  test('that the caller gets wrong has its status and reason, and is no error of the sidecar', async () => {
    const { sidecar } = await traced.start();
    const { traceId, spanId, metadata } = newTrace();
    await failureOf(connect(sidecar.address)('getSession', { token: 'nonsense' }, metadata));
    const [span] = await traced.collector.spansOf(traceId, 1);
    expect(span).toMatchObject({
      parentSpanId: spanId,
      status: 'UNSET',
      attributes: { 'rpc.status_code': 'UNAUTHENTICATED', 'session_sidecar.error_reason': 'TOKEN_INVALID' },
    });
    expect(span?.attributes).not.toHaveProperty(['error.type']);
  });

  test('that fails because of Redis is an error, and so is that of Redis', async () => {
    const { sidecar, client } = await traced.start({ settings: { REDIS_COMMAND_TIMEOUT: '2s' } });
    const { token } = await client.call('createSession', {});
    traced.redis.freeze();
    const { traceId, metadata } = newTrace();
    await failureOf(connect(sidecar.address)('getSession', { token }, metadata));
    traced.redis.thaw();
    const spans = await traced.collector.spansOf(traceId, 2);
    expect(spans.map(({ status }) => status)).toEqual(['ERROR', 'ERROR']);
    expect(Object.fromEntries(spans.map(({ kind, attributes }) => [kind, attributes]))).toMatchObject({
      SERVER: {
        'rpc.status_code': 'UNAVAILABLE',
        'error.type': 'UNAVAILABLE',
        'session_sidecar.error_reason': 'STORE_UNAVAILABLE',
      },
      CLIENT: { 'error.type': 'STORE_UNAVAILABLE' },
    });
  });
});

describe('a call that Redis does not answer', () => {
  test.each(['unary', 'pipeline'] as const)(
    'ends its span when it is cancelled, and that of Redis when that answers (%s)',
    async (transport) => {
      const { sidecar, client } = await traced.start();
      const { token } = await client.call('createSession', {});
      const sessions = new SessionClient({ address: sidecar.address, transport, timeoutMs: 20_000 });
      stack.defer(() => sessions.close());
      traced.redis.freeze();
      const { traceId, spanId, metadata } = newTrace();
      const abort = new AbortController();
      const opening = sessions.open(token, { metadata, signal: abort.signal });
      opening.catch(() => undefined);
      await untilInFlight(sidecar);
      abort.abort();
      const [rpc] = await traced.collector.spansOf(traceId, 1);
      expect(rpc).toMatchObject({ kind: 'SERVER', status: 'UNSET', attributes: { 'rpc.status_code': 'CANCELLED' } });
      traced.redis.thaw();
      expect(treeOf(await traced.collector.spansOf(traceId, 2), spanId)).toEqual([
        `SERVER ${service}/GetSession CANCELLED > CLIENT load`,
      ]);
    },
  );

  test('ends its span at its deadline, which is an error', async () => {
    const { sidecar, client } = await traced.start();
    const { token } = await client.call('createSession', {});
    const connection = connectBare(sidecar.address);
    const pipeline = openPipeline(connection);
    traced.redis.freeze();
    const { traceId, metadata } = newTrace();
    pipeline.send({ calls: [callOf(1, 'getSession', { token }, 2000, metadata)] });
    await failureOf(pipeline.reply(1));
    const [rpc] = await traced.collector.spansOf(traceId, 1);
    expect(rpc).toMatchObject({
      kind: 'SERVER',
      status: 'ERROR',
      attributes: { 'rpc.status_code': 'DEADLINE_EXCEEDED', 'error.type': 'DEADLINE_EXCEEDED' },
    });
    traced.redis.thaw();
    pipeline.cancel();
    connection.close();
  });
});

test('a read that the near cache answers has no span of Redis', async () => {
  const { client, sidecar } = await traced.start({ settings: { NEAR_CACHE: '8MiB' } });
  const { token } = await client.call('createSession', {});
  await until('a hit', async () => {
    await client.call('getSession', { token });
    return (await metricsOf(sidecar)).value('session_sidecar_near_cache_reads_total', { result: 'hit' });
  });
  const [hit, other] = [newTrace(), newTrace()];
  await client.call('getSession', { token }, { metadata: hit.metadata });
  await client.call('updateSession', { token, mutations: [mutation.set('a', '1')] });
  await client.call('getSession', { token }, { metadata: other.metadata });
  const spans = await traced.collector.spansOf(other.traceId, 2);
  expect(spans.find(({ kind }) => kind === 'SERVER')?.attributes['session_sidecar.near_cache']).toBe('miss');
  const answered = traced.collector.spans.filter(({ traceId }) => traceId === hit.traceId);
  expect(answered).toHaveLength(1);
  expect(answered[0]?.attributes['session_sidecar.near_cache']).toBe('hit');
});

test('the memory store has no spans of its own', async () => {
  const { client } = await traced.start({ settings: { REDIS_URL: '' } });
  await client.call('createSession', {});
  await client.call('createSession', {});
  await until('both calls', () => traced.collector.spans.length >= 2);
  expect(traced.collector.spans.map(({ kind }) => kind)).toEqual(['SERVER', 'SERVER']);
});

test('calls in flight at the same time keep their spans of Redis apart', async () => {
  const { client } = await traced.start();
  const { token } = await client.call('createSession', {});
  const traces = Array.from({ length: 50 }, () => newTrace());
  await Promise.all(traces.map(({ metadata }) => client.call('getSession', { token }, { metadata })));
  for (const { traceId, spanId } of traces) {
    expect(treeOf(await traced.collector.spansOf(traceId, 2), spanId)).toEqual([
      `SERVER ${service}/GetSession OK > CLIENT load`,
    ]);
  }
});

test('a log line that a call causes has the ids of its span, and others have none', async () => {
  const { sidecar, client } = await traced.start();
  const { token } = await client.call('createSession', {});
  const [stored = ''] = await traced.redis.admin.keys('*');
  await traced.redis.admin.set(stored, 'damaged');
  const { traceId, metadata } = newTrace();
  await failureOf(client.call('getSession', { token }, { metadata }));
  const spans = await traced.collector.spansOf(traceId, 2);
  const rpc = spans.find(({ kind }) => kind === 'SERVER');
  expect(rpc?.attributes['session_sidecar.error_reason']).toBe('INTERNAL');
  expect(await sidecar.logged('call failed')).toMatchObject({ trace_id: traceId, span_id: rpc?.spanId });
  expect(sidecar.serving).not.toHaveProperty('trace_id');
});
