import { describe, expect, test } from '@jest/globals';
import { loadTracing } from '../../../server/src/config/tracing-config';

const files: Readonly<Record<string, string>> = { '/ca.pem': '-----BEGIN CERTIFICATE-----', '/text': 'no certificate' };

const tracingOf = (env: Readonly<Record<string, string>>) =>
  loadTracing({
    env,
    readFile: (path) => {
      const content = files[path];
      if (content === undefined) throw Object.assign(new Error(), { code: 'ENOENT' });
      return Buffer.from(content);
    },
  });

const ours = 'http://collector:4318';

describe('tracing', () => {
  test.each<[string, Record<string, string>]>([
    ['nothing is set', {}],
    ['the endpoint is empty', { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }],
    ['only another signal has an endpoint', { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: ours }],
    ['the SDK is disabled', { OTEL_EXPORTER_OTLP_ENDPOINT: ours, OTEL_SDK_DISABLED: 'True' }],
    ['there is no exporter', { OTEL_EXPORTER_OTLP_ENDPOINT: ours, OTEL_TRACES_EXPORTER: 'none' }],
    ['it is off, whatever else is wrong', { OTEL_EXPORTER_OTLP_ENDPOINT: 'nonsense', OTEL_SDK_DISABLED: 'true' }],
  ])('is off when %s', (_, env) => {
    expect(tracingOf(env)).toEqual({ tracing: undefined, problems: [], warnings: [] });
  });

  test.each<[string, Record<string, string>, string]>([
    ['OTEL_EXPORTER_OTLP_ENDPOINT is set', { OTEL_EXPORTER_OTLP_ENDPOINT: ours }, ours],
    [
      'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is, which takes precedence',
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces.example.com/v1', OTEL_EXPORTER_OTLP_ENDPOINT: 'nonsense' },
      'https://traces.example.com',
    ],
    [
      'the others have their defaults',
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: ours,
        OTEL_SDK_DISABLED: 'false',
        OTEL_TRACES_EXPORTER: 'otlp',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      },
      ours,
    ],
    [
      'the protocol for traces takes precedence',
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: ours,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
        OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf',
      },
      ours,
    ],
  ])('is on when %s', (_, env, collector) => {
    expect(tracingOf(env)).toEqual({ tracing: { collector }, problems: [], warnings: [] });
  });

  test('is off, with a warning, when the exporter is unknown: it was set for other programs of the platform', () => {
    const { tracing, warnings } = tracingOf({ OTEL_EXPORTER_OTLP_ENDPOINT: ours, OTEL_TRACES_EXPORTER: 'zipkin' });
    expect(tracing).toBeUndefined();
    expect(warnings).toEqual(['OTEL_TRACES_EXPORTER is zipkin, but only otlp is supported; tracing is off.']);
  });

  test.each(['collector:4318', 'collector', 'grpc://collector:4317', '/v1/traces', 'user:s3cret@collector'])(
    'is refused to the endpoint %p, which is not repeated',
    (endpoint) => {
      for (const name of ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']) {
        expect(tracingOf({ [name]: endpoint }).problems).toEqual([
          `${name}: Expected a URL like http://collector:4318.`,
        ]);
      }
    },
  );

  test.each(['grpc', 'http/json', 'HTTP/PROTOBUF'])('is refused by the protocol %p', (protocol) => {
    for (const name of ['OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL']) {
      expect(tracingOf({ OTEL_EXPORTER_OTLP_ENDPOINT: ours, [name]: protocol }).problems).toEqual([
        `${name}: Expected http/protobuf, got \`${protocol}\`.`,
      ]);
    }
  });

  const milliseconds = 'a whole number from 1 to 2147483647';
  const headers = 'headers like name=value,name2=value2, with % and commas percent-encoded';
  const samplers =
    'always_on or always_off or traceidratio or parentbased_always_on or parentbased_always_off or parentbased_traceidratio';
  const attributes =
    'attributes like name=value,name2=value2, of at most 255 characters each, with %, = and commas percent-encoded';

  test.each<[string, string, string]>([
    ['OTEL_EXPORTER_OTLP_TIMEOUT', '10s', `${milliseconds}, got \`10s\``],
    ['OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', '0', `${milliseconds}, got \`0\``],
    ['OTEL_EXPORTER_OTLP_COMPRESSION', 'zstd', 'gzip or none, got `zstd`'],
    ['OTEL_EXPORTER_OTLP_CERTIFICATE', '/missing', 'the path of a readable file (ENOENT)'],
    ['OTEL_EXPORTER_OTLP_CLIENT_KEY', '/text', 'the path of a file in PEM'],
    ['OTEL_SDK_DISABLED', 'yes', 'true or false, got `yes`'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'MARKtoken', headers],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=1,b=', headers],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a b=1', headers],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=MARK%', headers],
    ['OTEL_RESOURCE_ATTRIBUTES', 'team', attributes],
    ['OTEL_RESOURCE_ATTRIBUTES', 'a=b=c', attributes],
    ['OTEL_RESOURCE_ATTRIBUTES', `a=${'b'.repeat(256)}`, attributes],
    ['OTEL_TRACES_SAMPLER', 'jaeger_remote', `${samplers}, got \`jaeger_remote\``],
    ['OTEL_BSP_SCHEDULE_DELAY', '-1', 'a whole number from 0 to 2147483647, got `-1`'],
    ['OTEL_BSP_EXPORT_TIMEOUT', 'never', `${milliseconds}, got \`never\``],
    ['OTEL_BSP_MAX_QUEUE_SIZE', '0', 'a whole number from 1 to 1000000, got `0`'],
    ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE', '1.5', 'a whole number from 1 to 1000000, got `1.5`'],
  ])('is refused by %s=%s, and by no other problem', (name, value, expected) => {
    const { tracing, problems } = tracingOf({ OTEL_EXPORTER_OTLP_ENDPOINT: ours, [name]: value });
    expect({ tracing, problems }).toEqual({ tracing: undefined, problems: [`${name}: Expected ${expected}.`] });
    expect(tracingOf({ [name]: value }).problems).toEqual([]);
  });

  test.each(['2', '-0.1', 'half', '1e3'])('is refused by the sampling ratio %p, if the sampler takes one', (ratio) => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: ours, OTEL_TRACES_SAMPLER_ARG: ratio };
    for (const sampler of ['traceidratio', 'parentbased_traceidratio']) {
      expect(tracingOf({ ...env, OTEL_TRACES_SAMPLER: sampler }).problems).toEqual([
        `OTEL_TRACES_SAMPLER_ARG: Expected a number from 0 to 1, got \`${ratio}\`.`,
      ]);
    }
    for (const sampler of ['', 'always_on']) {
      expect(tracingOf({ ...env, OTEL_TRACES_SAMPLER: sampler }).problems).toEqual([]);
    }
  });

  test('takes everything that the SDK does, and ignores what another variable overrides', () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: ours,
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'authorization=Basic%20YTpi,x-tenant = a=b ,',
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=1',
      OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '2000',
      OTEL_EXPORTER_OTLP_TIMEOUT: 'nonsense',
      OTEL_EXPORTER_OTLP_COMPRESSION: ' gzip ',
      OTEL_EXPORTER_OTLP_CERTIFICATE: '/ca.pem',
      OTEL_RESOURCE_ATTRIBUTES: 'team=a%2Cb,empty=',
      OTEL_TRACES_SAMPLER: 'traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '.25',
      OTEL_BSP_SCHEDULE_DELAY: '0',
    };
    expect(tracingOf(env)).toEqual({ tracing: { collector: ours }, problems: [], warnings: [] });
    const both = { ...env, OTEL_EXPORTER_OTLP_HEADERS: 'nonsense' };
    expect(tracingOf(both).problems).toEqual([`OTEL_EXPORTER_OTLP_HEADERS: Expected ${headers}.`]);
  });
});
