import { describe, expect, test } from '@jest/globals';
import { load } from './loading';

const reportOf = (env: Readonly<Record<string, string>>) =>
  load({ env, literal: true }).report.filter(({ variable }) => variable.startsWith('OTEL_'));

const collector = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };

describe('the report of the OpenTelemetry variables', () => {
  test('has those that are set, and that the sidecar knows', () => {
    expect(reportOf({})).toEqual([]);
    const env = { ...collector, OTEL_SERVICE_NAME: 'shop', OTEL_TRACES_SAMPLER: '', OTEL_METRIC_EXPORT_INTERVAL: '1' };
    expect(reportOf(env)).toEqual([
      {
        ...{ variable: 'OTEL_EXPORTER_OTLP_ENDPOINT', from: 'OTEL_EXPORTER_OTLP_ENDPOINT' },
        ...{ value: 'http://collector:4318/', source: 'variable', note: undefined },
      },
      {
        ...{ variable: 'OTEL_SERVICE_NAME', from: 'OTEL_SERVICE_NAME' },
        ...{ value: 'shop', source: 'variable', note: undefined },
      },
    ]);
  });

  test('says what has no effect', () => {
    const headers = { OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'a=1', OTEL_EXPORTER_OTLP_HEADERS: 'b=2' };
    const timeouts = { OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '1', OTEL_EXPORTER_OTLP_TIMEOUT: '2' };
    const notesOf = (env: Readonly<Record<string, string>>) =>
      Object.fromEntries(reportOf(env).map(({ variable, note }) => [variable, note]));
    expect(notesOf({ ...collector, ...headers, ...timeouts })).toEqual({
      OTEL_EXPORTER_OTLP_ENDPOINT: undefined,
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: undefined,
      OTEL_EXPORTER_OTLP_HEADERS: undefined,
      OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: undefined,
      OTEL_EXPORTER_OTLP_TIMEOUT: 'OTEL_EXPORTER_OTLP_TRACES_TIMEOUT takes precedence',
    });
    const note = 'tracing is off';
    expect(notesOf({ OTEL_SERVICE_NAME: 'shop' })).toEqual({ OTEL_SERVICE_NAME: note });
    expect(notesOf({ ...collector, OTEL_SDK_DISABLED: 'true' })).toEqual({
      OTEL_EXPORTER_OTLP_ENDPOINT: note,
      OTEL_SDK_DISABLED: note,
    });
  });

  test('has no secret, wherever it is', () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://MARK:MARK@collector:4318/v1?key=MARK#MARK',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=MARK',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'api-key=MARK',
    };
    expect(JSON.stringify(load({ env, literal: true }).report)).not.toContain('MARK');
    expect(reportOf(env).map(({ value }) => value)).toEqual(['https://collector:4318/v1', 'set', 'set']);
    const off = { OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: 'MARK' };
    expect(reportOf(off).map(({ value }) => value)).toEqual(['set', 'true']);
  });
});

test('the effective settings have those that have an effect, and no secret', () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'https://MARK:MARK@collector:4318/v1?key=MARK',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=MARK',
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '1',
    OTEL_EXPORTER_OTLP_TIMEOUT: '2',
  };
  const effectiveOf = (given: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.entries(load({ env: given, literal: true }).effective).filter(([name]) => name.startsWith('OTEL_')),
    );
  expect(effectiveOf(env)).toEqual({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector:4318/v1',
    OTEL_EXPORTER_OTLP_HEADERS: '(set)',
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '1',
  });
  expect(effectiveOf({ ...env, OTEL_SDK_DISABLED: 'true' })).toEqual({});
});
