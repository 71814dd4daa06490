import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { probe, signingKey, untilReady } from '../support/process';
import type { ServingProcess } from '../support/process';
import type { RedisServer } from '../support/redis';
import { stackForAllTests } from '../support/stack';

const stack = stackForAllTests();

let redis: RedisServer;
let settings: Readonly<Record<string, string>>;
let sidecar: ServingProcess;

// One for all: what is counted is compared with what was counted before.
beforeAll(async () => {
  redis = await stack.redis();
  const keys = join(redis.directory, 'signing-keys');
  writeFileSync(keys, signingKey);
  settings = { SIGNING_KEYS_FILE: keys, REDIS_URL: redis.url, REDIS_COMMAND_TIMEOUT: '1m', MAX_FLASH_MESSAGES: '1' };
  sidecar = await stack.process({ settings });
  await untilReady(sidecar);
});

afterEach(async () => {
  await redis.admin.flushall();
});

describe('the HTTP port', () => {
  test.each(['/livez', '/readyz', '/metrics'])(
    '%s answers GET, with and without a query, and HEAD without a body',
    async (path) => {
      const get = await probe(`${sidecar.httpUrl}${path}`);
      const query = await probe(`${sidecar.httpUrl}${path}?probe=1`);
      const head = await probe(`${sidecar.httpUrl}${path}`, { method: 'HEAD' });
      expect([get.status, query.status, head.status]).toEqual([200, 200, 200]);
      expect(get.text).not.toBe('');
      expect(query.text).not.toBe('');
      expect(head.text).toBe('');
      for (const header of ['content-type', 'cache-control'])
        expect(head.headers.get(header)).toBe(get.headers.get(header));
      expect(get.headers.get('cache-control')).toBe('no-store');
    },
  );

  test('/readyz lists with ?verbose what calls depend on, and since when it has been ready', async () => {
    const { status: code, text } = await probe(`${sidecar.httpUrl}/readyz?verbose`);
    expect(code).toBe(200);
    expect(text).toMatch(/^ready\nready: redis[^:]* since \d{4}-\S+Z\nready: grpc since \d{4}-\S+Z\n$/);
    expect((await probe(`${sidecar.httpUrl}/readyz`)).text).toBe('ready\n');
  });

  test('says of the metrics that they are the Prometheus text format', async () => {
    const { headers } = await probe(`${sidecar.httpUrl}/metrics`);
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  test.each(['/', '/metrics/', '/livez/x', '/healthz', '/%6Divez', '//livez'])('%s is not found', async (path) => {
    expect(await probe(`${sidecar.httpUrl}${path}`)).toMatchObject({
      status: 404,
      text: 'Not found. This port serves /metrics, /livez and /readyz.\n',
    });
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s is not allowed, anywhere', async (method) => {
    for (const path of ['/metrics', '/nowhere']) {
      const { status: code, headers } = await probe(`${sidecar.httpUrl}${path}`, { method });
      expect({ code, allow: headers.get('allow') }).toEqual({ code: 405, allow: 'GET, HEAD' });
    }
  });
});
