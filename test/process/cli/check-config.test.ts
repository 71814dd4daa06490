import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { signingKey } from '../../support/process';
import { stackForEachTest } from '../../support/stack';
import { json, run } from './fixture';

const stack = stackForEachTest();

interface Report {
  readonly valid: boolean;
  readonly store: string;
  readonly collector?: string;
  readonly settings: readonly { readonly setting: string; readonly value: string; readonly from: string | null }[];
  readonly warnings: readonly string[];
}

describe('check-config', () => {
  test('lists every setting in force and where it comes from, and no secret', () => {
    const file = join(stack.directory(), 'url');
    writeFileSync(file, 'redis://:s3cret@127.0.0.1:1/0\n');
    const settings = { SIGNING_KEYS: signingKey, REDIS_URL_FILE: file, MAX_KEYS: '5' };
    const report = json(['check-config', '--idle-timeout', '1h'], { settings }) as Report;
    expect(report).toMatchObject({ valid: true, store: 'redis', warnings: [] });
    const of = (name: string) => report.settings.find(({ setting }) => setting === `SESSION_SIDECAR_${name}`);
    expect(of('IDLE_TIMEOUT')).toMatchObject({ value: '1h', from: '--idle-timeout' });
    expect(of('MAX_KEYS')).toMatchObject({ value: '5', from: 'SESSION_SIDECAR_MAX_KEYS' });
    expect(of('MAX_FLASH_MESSAGES')).toMatchObject({ value: '100', from: null });
    expect(of('REDIS_URL')).toMatchObject({ value: '(set)', from: 'SESSION_SIDECAR_REDIS_URL_FILE' });
    const { exit, stdout, stderr } = run(['check-config', '--idle-timeout', '1h'], { settings });
    expect({ exit, stderr }).toEqual({ exit: 'ok', stderr: '' });
    expect(stdout).toMatch(/^SETTING +FROM +VALUE$/m);
    expect(stdout).toMatch(/^SESSION_SIDECAR_IDLE_TIMEOUT +--idle-timeout +1h$/m);
    expect(stdout).toMatch(/^SESSION_SIDECAR_MAX_FLASH_MESSAGES +default +100$/m);
    expect(stdout).toContain('All settings are valid. Sessions are kept in Redis.');
    for (const secret of ['s3cret', signingKey]) expect(JSON.stringify([report, stdout])).not.toContain(secret);
  });

  test('lists the variables of OpenTelemetry that are in force, and reports their mistakes', () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://MARK:MARK@collector:4318',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=MARK',
    };
    const [report, off] = [{}, { OTEL_SDK_DISABLED: 'true' }].map(
      (more) => json(['check-config'], { env: { ...env, ...more } }) as Report,
    ) as [Report, Report];
    const shown = ({ settings }: Report) => settings.filter(({ setting }) => setting.startsWith('OTEL_'));
    expect(report.collector).toBe('https://collector:4318');
    expect(shown(report)).toEqual([
      {
        ...{ setting: 'OTEL_EXPORTER_OTLP_ENDPOINT', from: 'OTEL_EXPORTER_OTLP_ENDPOINT' },
        value: 'https://collector:4318/',
      },
      { setting: 'OTEL_EXPORTER_OTLP_HEADERS', value: '(set)', from: 'OTEL_EXPORTER_OTLP_HEADERS' },
    ]);
    expect([off.collector, shown(off)]).toEqual([undefined, []]);
    const { stdout } = run(['check-config'], { env });
    expect(stdout).toMatch(/^OTEL_EXPORTER_OTLP_HEADERS +OTEL_EXPORTER_OTLP_HEADERS +\(set\)$/m);
    expect(stdout).toContain("Sessions are kept in the sidecar's memory. Traces go to https://collector:4318.");
    expect(stdout).not.toContain('MARK');
    const { exit, stderr } = run(['check-config'], { env: { ...env, OTEL_EXPORTER_OTLP_TIMEOUT: '10s' } });
    expect({ exit, stderr }).toEqual({
      exit: 'usage',
      stderr: 'error: OTEL_EXPORTER_OTLP_TIMEOUT: Expected a whole number from 1 to 2147483647, got `10s`.\n',
    });
  });

  test('reports a data schema that is not valid, by the name of its setting', () => {
    const file = join(stack.directory(), 'schema.json');
    const problemOf = (schema: string) => {
      writeFileSync(file, schema);
      const { exit, stderr } = run(['check-config'], { settings: { DATA_SCHEMA_FILE: file } });
      return { exit, stderr };
    };
    expect(problemOf('{ "type": "object" }')).toEqual({ exit: 'ok', stderr: '' });
    const misspelt = problemOf('{ "propertys": {} }');
    expect(misspelt.exit).toBe('usage');
    expect(misspelt.stderr).toContain(
      'SESSION_SIDECAR_DATA_SCHEMA_FILE: Expected the path of a file with a JSON Schema (strict mode: unknown keyword: "propertys").',
    );
  });

  test('reports settings without effect', () => {
    const settings = { REDIS_TTL: 'off' };
    const warning = 'SESSION_SIDECAR_REDIS_TTL has no effect: no Redis is configured, so sessions are kept in memory.';
    expect((json(['check-config'], { settings }) as Report).warnings).toEqual([warning]);
    expect(run(['check-config'], { settings }).stdout).toContain(`Warning: ${warning}\n`);
  });

  test('reports every mistake that would stop the sidecar, and ends with the same exit code', async () => {
    const settings = { IDLE_TIMEOUT: '30', GRPC_ADDRESS: '0.0.0.0:50051', REDIS_CLUSTER_NODES: 'a:1' };
    const args = ['--max-keys', '0', '--redis-password', 's3cret'];
    const { exit, stdout, stderr } = run(['check-config', ...args], { settings });
    expect({ exit, stdout }).toEqual({ exit: 'usage', stdout: '' });
    const sidecar = stack.launch({ settings, args });
    expect(await sidecar.exit).toEqual({ code: 64, signal: null });
    const problems = sidecar.log().map(({ msg }) => msg.replace('cannot start: ', ''));
    expect(problems.length).toBeGreaterThan(4);
    expect(stderr.trimEnd().split('\n')).toEqual(problems.map((problem) => `error: ${problem}`));
    expect(stderr).not.toContain('s3cret');
    const report = run(['check-config', '--json', ...args], { settings });
    expect(report.exit).toBe('usage');
    expect(JSON.parse(report.stdout)).toEqual({ valid: false, problems });
  });

  test('finds certificates and keys that cannot be decoded', () => {
    const file = join(stack.directory(), 'cert.pem');
    writeFileSync(file, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    const files = { REDIS_TLS_CERT_FILE: file, REDIS_TLS_KEY_FILE: file };
    const settings = { SIGNING_KEYS: signingKey, REDIS_URL: 'rediss://127.0.0.1:1', ...files };
    const { exit, stderr } = run(['check-config'], { settings });
    expect(exit).toBe('usage');
    for (const name of Object.keys(files)) expect(stderr).toContain(`error: SESSION_SIDECAR_${name}: Expected a `);
  });
});
