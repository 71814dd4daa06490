import { describe, expect, test } from '@jest/globals';
import { load, problemsOf, signingKey } from './loading';

describe('where settings come from', () => {
  test('a flag wins over a variable', () => {
    const { config, effective } = load({ env: { MAX_KEYS: '5' }, args: ['--max-keys', '7'] });
    expect(config.limits.maxKeys).toBe(7);
    expect(effective['SESSION_SIDECAR_MAX_KEYS']).toBe('7');
  });

  test('a flag wins over a variable that is wrong', () => {
    expect(load({ env: { MAX_KEYS: 'many' }, args: ['--max-keys=7'] }).config.limits.maxKeys).toBe(7);
  });

  test('an empty variable or flag counts as not set', () => {
    const { config } = load({
      env: { MAX_KEYS: '', REDIS_URL: '', SESSION_SIDECAR_REDIS_URL: '', SIGNING_KEYS_FILE: '' },
      args: ['--idle-timeout='],
    });
    expect(config.limits.maxKeys).toBe(1000);
    expect(config.expiry.idleTimeout).toBe(1_200_000);
    expect(config.store.kind).toBe('memory');
  });

  test('a secret may come from a file', () => {
    const files = { '/keys': `${signingKey}\n`, '/url': 'redis://cache:7000\n', '/password': ' p \n' };
    const env = {
      SIGNING_KEYS_FILE: '/keys',
      SESSION_SIDECAR_REDIS_URL_FILE: '/url',
      REDIS_PASSWORD_FILE: '/password',
    };
    const { config, effective } = load({ env, files });
    expect(config.signingKeys).toEqual([Buffer.from(signingKey, 'base64')]);
    expect(config.store).toMatchObject({ redis: { nodes: [{ host: 'cache', port: 7000 }], password: ' p ' } });
    expect(effective).toMatchObject({ SESSION_SIDECAR_SIGNING_KEYS: '(set)', SESSION_SIDECAR_REDIS_PASSWORD: '(set)' });
  });

  test('a secret and its file cannot both be set', () => {
    const env = { SIGNING_KEYS: signingKey, SIGNING_KEYS_FILE: '/keys' };
    expect(problemsOf({ env, files: { '/keys': signingKey } })).toEqual([
      'SESSION_SIDECAR_SIGNING_KEYS and SESSION_SIDECAR_SIGNING_KEYS_FILE: Set only one.',
    ]);
  });

  test('a missing file is reported once, and not as a missing key as well', () => {
    const env = { SIGNING_KEYS_FILE: '/nowhere', SESSION_SIDECAR_REDIS_URL: 'redis://cache' };
    expect(problemsOf({ env })).toEqual([
      'SESSION_SIDECAR_SIGNING_KEYS_FILE: Expected the path of a readable file (ENOENT).',
    ]);
  });

  test.each([
    ['SESSION_SIDECAR_PORT', ''],
    ['SESSION_SIDECAR_SERVICE_HOST', ''],
    ['SESSION_SIDECAR_MAX_KEYS_FILE', ''],
    ['SESSION_SIDECAR_idle_timeout', 'SESSION_SIDECAR_IDLE_TIMEOUT'],
    ['SESSION_SIDECAR_MAXKEYS', 'SESSION_SIDECAR_MAX_KEYS'],
    ['SESSION_SIDECAR_IDEL_TIMEOUT', 'SESSION_SIDECAR_IDLE_TIMEOUT'],
    ['SESSION_SIDECAR_REDIS_PASSWORD_FIL', 'SESSION_SIDECAR_REDIS_PASSWORD_FILE'],
    ['SESSION_SIDCAR_MAX_KEYS', 'SESSION_SIDECAR_MAX_KEYS'],
    ['session_sidecar_max_keys', 'SESSION_SIDECAR_MAX_KEYS'],
    ['OTEL_EXPORTER_OTLP_ENDPONT', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
    ['OTEL_SERVICENAME', 'OTEL_SERVICE_NAME'],
  ])('the unknown variable %s is a warning that suggests %s', (name, suggestion) => {
    const meant = suggestion === '' ? '' : ` Did you mean ${suggestion}?`;
    expect(load({ env: { [name]: 'tcp://10.0.0.1:80' }, literal: true }).warnings).toEqual([
      `${name} is set, but is not a setting.${meant}`,
    ]);
  });

  test.each([
    ...['SESSION_SECRET', 'SESSIONS', 'SESSION_MANAGER', 'SIDECAR_MAX_KEYS'],
    ...['OTEL_BLRP_SCHEDULE_DELAY', 'OTEL_METRICS_EXPORTER', 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', 'OTEL_LOG_LEVEL'],
  ])('the variable %s belongs to another program', (name) => {
    expect(load({ env: { [name]: '1' }, literal: true }).warnings).toEqual([]);
  });

  test('an unknown variable that is empty counts as not set', () => {
    expect(load({ env: { SESSION_SIDECAR_PORT: '' } }).warnings).toEqual([]);
  });

  test('variables without the prefix are ignored', () => {
    expect(load({ env: { SESSION_SIDECAR_MAX_KEYS: '5' } }).warnings).toEqual([]);
    expect(load({ args: [] }).warnings).toEqual([]);
  });
});

describe('REDIS_URL', () => {
  const SIGNING_KEYS = signingKey;

  test('locates Redis when nothing else does', () => {
    const { config, warnings } = load({ env: { SIGNING_KEYS, REDIS_URL: 'redis://cache' } });
    expect(config.store).toMatchObject({ kind: 'redis', redis: { nodes: [{ host: 'cache', port: 6379 }] } });
    expect(warnings).toEqual([]);
  });

  test('is the name in errors about its value', () => {
    expect(problemsOf({ env: { SIGNING_KEYS, REDIS_URL: 'cache' } })).toEqual([
      expect.stringMatching(/^REDIS_URL: Expected a URL/),
    ]);
  });

  test.each([
    ['SESSION_SIDECAR_REDIS_URL', 'redis://own'],
    ['SESSION_SIDECAR_REDIS_CLUSTER_NODES', 'own:6379'],
    ['SESSION_SIDECAR_REDIS_SENTINELS', 'own:6379'],
  ])('is not used, with a warning, when %s is set', (name, value) => {
    const { config, warnings } = load({ env: { SIGNING_KEYS, REDIS_URL: 'redis://cache', [name]: value } });
    expect(config.store).toMatchObject({ redis: { nodes: [{ host: 'own', port: 6379 }] } });
    expect(warnings).toEqual([`REDIS_URL is set, but not used because ${name} is.`]);
  });

  test('is not used when a flag locates Redis', () => {
    const { warnings } = load({
      env: { SIGNING_KEYS, REDIS_URL: 'redis://cache' },
      args: ['--redis-sentinels', 'own:6379'],
    });
    expect(warnings).toEqual(['REDIS_URL is set, but not used because --redis-sentinels is.']);
  });

  test('is not used, and not validated, when another variable locates Redis', () => {
    const { warnings } = load({ env: { SIGNING_KEYS, REDIS_URL: 'wrong', SESSION_SIDECAR_REDIS_URL: 'redis://own' } });
    expect(warnings).toEqual(['REDIS_URL is set, but not used because SESSION_SIDECAR_REDIS_URL is.']);
  });
});
