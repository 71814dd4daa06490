import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { otelVariables } from '../../server/src/config';
import { until } from '../support/poll';
import { probe } from '../support/process';
import { freeAddress } from '../support/free-port';
import { newTrace, startTraced, untilInFlight } from '../support/traced-sidecar';
import type { Traced } from '../support/traced-sidecar';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();

let traced: Traced;
let directory: string;

beforeEach(async () => {
  traced = await startTraced(stack);
  directory = stack.directory();
});

/** Variables by which a process writes down at its end what `expression` gives. */
function observing(expression: string, setUp = ''): Readonly<Record<string, string>> {
  const program = join(directory, 'observe.cjs');
  const file = JSON.stringify(join(directory, 'observed.json'));
  writeFileSync(
    program,
    `${setUp}\nprocess.on('exit', () => require('node:fs').writeFileSync(${file}, JSON.stringify(${expression})));`,
  );
  return { NODE_OPTIONS: `--require ${program}` };
}

function observed(): readonly string[] {
  return JSON.parse(readFileSync(join(directory, 'observed.json'), 'utf8')) as string[];
}

/** Makes a call, and ends the sidecar with SIGTERM. */
async function callAndStop(env: Readonly<Record<string, string>>): Promise<void> {
  const { sidecar, client } = await traced.start({ env });
  await client.call('createSession', {});
  sidecar.child.kill('SIGTERM');
  expect(await sidecar.exit).toEqual({ code: 0, signal: null });
}

const service = 'session.v1.SessionService';

describe('the variables of OpenTelemetry', () => {
  test('that are read are those that are listed', async () => {
    // Every name that anything in the process asks for, put together in whatever way.
    const setUp = `const names = new Set();
      process.env = new Proxy(process.env, {
        get(env, name) {
          if (String(name).startsWith('OTEL_')) names.add(name);
          return env[name];
        },
      });`;
    // Without a sampler that has an argument, nobody asks for it.
    await callAndStop({ ...observing('[...names]', setUp), OTEL_TRACES_SAMPLER: 'parentbased_traceidratio' });
    // How many attributes a span may have: ours have a handful.
    const read = observed().filter((name) => !name.endsWith('_LIMIT'));
    expect([...read].sort()).toEqual(otelVariables.flatMap(({ names }) => names).sort());
  });

  test('say who we are; without them the spans are those of session-sidecar', async () => {
    await callAndStop({});
    expect(traced.collector.spans[0]?.resource).toMatchObject({
      'service.name': 'session-sidecar',
      'service.version': expect.stringMatching(/^\d+\.\d+\.\d+$/),
    });
    await callAndStop({
      OTEL_SERVICE_NAME: 'shop-sessions',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,service.version=7',
    });
    expect(traced.collector.spans.at(-1)?.resource).toMatchObject({
      'service.name': 'shop-sessions',
      'service.version': '7',
      'deployment.environment.name': 'test',
    });
  });

  test('say where to, with what, and how', async () => {
    await callAndStop({
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20MARKsecret',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    });
    await callAndStop({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'nonsense that does not count',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${traced.collector.url}/my/path`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    });
    expect(traced.collector.exports[0]).toMatchObject({
      url: '/v1/traces',
      headers: { authorization: 'Bearer MARKsecret', 'content-encoding': 'gzip' },
    });
    expect(traced.collector.exports.at(-1)).toMatchObject({ url: '/my/path' });
  });

  test('say which traces; a call that its caller traces is not exported with always_off', async () => {
    const { sidecar, client } = await traced.start({ env: { OTEL_TRACES_SAMPLER: 'always_off' } });
    await client.call('createSession', {}, { metadata: newTrace().metadata });
    sidecar.child.kill('SIGTERM');
    await sidecar.exit;
    expect(traced.collector.exports).toEqual([]);
  });

  test('that are wrong are start-up errors, with those of the settings, and do not show what may be secret', async () => {
    const { exit, log } = stack.launch({
      settings: { MAX_KEYS: 'many' },
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'user:MARKsecret@collector:4318', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    });
    expect(await exit).toEqual({ code: 64, signal: null });
    expect(log().map(({ msg }) => msg)).toEqual([
      'cannot start: SESSION_SIDECAR_MAX_KEYS: Expected a whole number from 1 to 100000, got `many`.',
      'cannot start: OTEL_EXPORTER_OTLP_ENDPOINT: Expected a URL like http://collector:4318.',
      'cannot start: OTEL_EXPORTER_OTLP_PROTOCOL: Expected http/protobuf, got `grpc`.',
    ]);
  });

  test('say in the log where spans go, without what may be secret', async () => {
    const url = traced.collector.url.replace('//', '//user:MARKsecret@');
    const { sidecar } = await traced.start({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: `${url}/?key=MARKsecret` } });
    expect(sidecar.serving['collector']).toBe(traced.collector.url);
    expect(sidecar.output().stdout).not.toContain('MARKsecret');
  });
});

describe('the SDK of OpenTelemetry', () => {
  const loaded = () => observed().filter((file) => file.endsWith('/opentelemetry.js'));

  test.each<[string, Readonly<Record<string, string>>]>([
    ['nothing says where spans go', { OTEL_EXPORTER_OTLP_ENDPOINT: '' }],
    ['it is disabled', { OTEL_SDK_DISABLED: 'TRUE' }],
    ['there is no exporter', { OTEL_TRACES_EXPORTER: 'none' }],
    ['there is only an exporter that is not supported', { OTEL_TRACES_EXPORTER: 'zipkin' }],
  ])('is not loaded, and nothing exported, when %s', async (_, env) => {
    await callAndStop({ ...observing('Object.keys(require.cache)'), ...env });
    expect(observed()).toContainEqual(expect.stringMatching(/\/main\.js$/));
    expect(loaded()).toEqual([]);
    expect(traced.collector.exports).toEqual([]);
  });

  test('is loaded when something does', async () => {
    await callAndStop(observing('Object.keys(require.cache)'));
    expect(loaded()).toHaveLength(1);
    expect(traced.collector.exports).toHaveLength(1);
  });
});

describe('a sidecar that stops', () => {
  const later = { OTEL_BSP_SCHEDULE_DELAY: '3600000' };

  test('loses no span of a call that was answered', async () => {
    const { sidecar, client } = await traced.start({ env: later, settings: { MAX_QUEUE_TIME: '1m' } });
    // More than one batch.
    const traces = Array.from({ length: 700 }, () => newTrace());
    await Promise.all(traces.map(({ metadata }) => client.call('createSession', {}, { metadata })));
    sidecar.child.kill('SIGTERM');
    expect(await sidecar.exit).toEqual({ code: 0, signal: null });
    const exported = new Set(traced.collector.spans.map(({ traceId, kind }) => `${traceId} ${kind}`));
    const missing = traces.flatMap(({ traceId }) =>
      ['SERVER', 'CLIENT'].map((kind) => `${traceId} ${kind}`).filter((span) => !exported.has(span)),
    );
    expect(missing).toEqual([]);
  });

  test('ends when the collector has answered, and not before', async () => {
    const slow = await stack.collector({ holds: true });
    const { sidecar, client } = await traced.start({ env: { ...later, OTEL_EXPORTER_OTLP_ENDPOINT: slow.url } });
    await client.call('createSession', {});
    sidecar.child.kill('SIGTERM');
    await until('the export', () => slow.exports.length > 0);
    // As often as it takes for a process that does not wait to be gone.
    for (let n = 0; n < 100; n++) expect((await probe(`${sidecar.httpUrl}/livez`)).status).toBe(200);
    slow.answer();
    expect(await sidecar.exit).toEqual({ code: 0, signal: null });
    expect(sidecar.log().map(({ msg }) => msg)).not.toContainEqual(expect.stringContaining('spans are lost'));
  });

  test('exports also when calls have used up the grace period', async () => {
    const { sidecar, client } = await traced.start({ env: later, settings: { SHUTDOWN_GRACE: '0s' } });
    const { token } = await client.call('createSession', {});
    traced.redis.freeze();
    client.call('getSession', { token }).catch(() => undefined);
    await untilInFlight(sidecar);
    sidecar.child.kill('SIGTERM');
    expect(await sidecar.exit).toEqual({ code: 0, signal: null });
    expect(traced.collector.spans.map(({ name }) => name)).toContain(`${service}/CreateSession`);
  });

  test('does not wait for a collector that does not answer longer than the grace period', async () => {
    const deaf = await stack.collector({ holds: true });
    const { sidecar, client } = await traced.start({
      env: { ...later, OTEL_EXPORTER_OTLP_ENDPOINT: deaf.url, OTEL_EXPORTER_OTLP_TIMEOUT: '3600000' },
      settings: { SHUTDOWN_GRACE: '100ms' },
    });
    await client.call('createSession', {});
    sidecar.child.kill('SIGTERM');
    expect(await sidecar.exit).toEqual({ code: 0, signal: null });
    expect(deaf.exports).toHaveLength(1);
    expect(await sidecar.logged('spans are lost')).toMatchObject({ level: 'warn' });
  });
});

test('without a collector sessions work on, and the log says that spans are lost', async () => {
  const unreachable = `http://${await freeAddress()}`;
  const { sidecar, client } = await traced.start({
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: unreachable, OTEL_EXPORTER_OTLP_TIMEOUT: '100' },
  });
  const { token } = await client.call('createSession', {});
  const line = await sidecar.logged('spans are lost');
  expect(line).toMatchObject({ level: 'warn', err: { message: expect.stringContaining('ECONNREFUSED') } });
  // They are those of many calls.
  expect(line).not.toHaveProperty('trace_id');
  expect((await client.call('getSession', { token })).session?.version).toBe(1);
});
