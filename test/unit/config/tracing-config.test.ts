import { describe, expect, test } from '@jest/globals';
import { loadTracing } from '../../../server/src/config/tracing-config';

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
    expect(loadTracing(env)).toEqual({ tracing: undefined, problems: [], warnings: [] });
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
    expect(loadTracing(env)).toEqual({ tracing: { collector }, problems: [], warnings: [] });
  });

  test('is off, with a warning, when the exporter is unknown: it was set for other programs of the platform', () => {
    const { tracing, warnings } = loadTracing({ OTEL_EXPORTER_OTLP_ENDPOINT: ours, OTEL_TRACES_EXPORTER: 'zipkin' });
    expect(tracing).toBeUndefined();
    expect(warnings).toEqual(['OTEL_TRACES_EXPORTER is zipkin, but only otlp is supported; tracing is off.']);
  });

  test.each(['collector:4318', 'collector', 'grpc://collector:4317', '/v1/traces', 'user:s3cret@collector'])(
    'is refused to the endpoint %p, which is not repeated',
    (endpoint) => {
      for (const name of ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']) {
        expect(loadTracing({ [name]: endpoint }).problems).toEqual([
          `${name}: Expected a URL like http://collector:4318.`,
        ]);
      }
    },
  );

  test.each(['grpc', 'http/json', 'HTTP/PROTOBUF'])('is refused by the protocol %p', (protocol) => {
    for (const name of ['OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL']) {
      expect(loadTracing({ OTEL_EXPORTER_OTLP_ENDPOINT: ours, [name]: protocol }).problems).toEqual([
        `${name}: Expected http/protobuf, got \`${protocol}\`.`,
      ]);
    }
  });
});
