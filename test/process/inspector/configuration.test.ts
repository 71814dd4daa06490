import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { settingRows } from '../../../server/src/config';
import { signingKey } from '../../support/process';
import { stackForEachTest } from '../../support/stack';
import { ask, askJson, inspected } from './fixture';

const stack = stackForEachTest();

interface Shown {
  readonly settings: readonly {
    readonly variable: string;
    readonly value?: string;
    readonly source: string;
    readonly from?: string;
    readonly note?: string;
  }[];
}

test('shows every setting with its value and source, and no secret anywhere', async () => {
  const directory = stack.directory();
  const [keys, tokens] = [join(directory, 'keys'), join(directory, 'tokens')];
  writeFileSync(keys, `${signingKey}\n`);
  writeFileSync(tokens, 'MARKtoken-of-16-characters');
  const password = 'MARKpassword';
  const redis = await stack.redis();
  await redis.admin.config('SET', 'requirepass', password);
  const sidecar = await stack.process({
    settings: {
      ...inspected,
      SIGNING_KEYS_FILE: keys,
      API_TOKENS_FILE: tokens,
      REDIS_URL: `redis://default:${password}@127.0.0.1:${redis.port}/0`,
      IDLE_TIMEOUT: '30m',
      MEMORY_STORE_SIZE: '1MiB',
    },
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://MARK:MARK@127.0.0.1:1',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=MARK',
    },
    args: ['--max-keys', '17'],
  });

  const { settings } = await askJson<Shown>(sidecar, '/config');
  const tracing = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_HEADERS'];
  expect(settings.map(({ variable }) => variable)).toEqual([
    ...settingRows().map(({ variable }) => variable),
    ...tracing,
  ]);
  expect(settings.slice(-2).map(({ value }) => value)).toEqual(['http://127.0.0.1:1/', 'set']);
  const shown = Object.fromEntries(
    settings.map(({ variable, ...rest }) => [variable.slice('SESSION_SIDECAR_'.length), rest]),
  );
  expect(shown).toMatchObject({
    IDLE_TIMEOUT: { value: '30m', source: 'variable', from: 'SESSION_SIDECAR_IDLE_TIMEOUT' },
    MAX_KEYS: { value: '17', source: 'flag', from: '--max-keys' },
    MAX_LIFETIME: { value: 'never', source: 'default' },
    SIGNING_KEYS: { value: 'set', source: 'file', from: 'SESSION_SIDECAR_SIGNING_KEYS_FILE' },
    API_TOKENS: { value: 'set', source: 'file' },
    REDIS_URL: { value: `redis://***@127.0.0.1:${redis.port}/0`, source: 'variable' },
    REDIS_PASSWORD: { source: 'default', note: 'the one in REDIS_URL' },
    MEMORY_STORE_SIZE: { value: '1MiB', note: 'sessions are kept in Redis' },
  });
  expect(shown['REDIS_PASSWORD']).not.toHaveProperty('value');

  for (const path of ['/', '/config', '/stats.json', '/version', '/ready', '/log-level']) {
    const { status, body } = await ask(sidecar, path);
    expect({ path, status }).toEqual({ path, status: 200 });
    for (const secret of ['MARK', signingKey, password]) expect(body).not.toContain(secret);
  }
});
