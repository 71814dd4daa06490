import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { until } from '../../support/poll';
import { probe } from '../../support/process';
import type { ServingProcess } from '../../support/process';
import { connectRaw, failureOf, mutation } from '../../support/raw-grpc';
import { stackForEachTest } from '../../support/stack';
import { ask, askJson, inspected } from './fixture';

const stack = stackForEachTest();

/** The files that a sidecar has loaded when it ends. */
async function filesLoadedBy(settings: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const directory = stack.directory();
  const program = join(directory, 'observe.cjs');
  const file = join(directory, 'loaded.json');
  const write = `require('node:fs').writeFileSync(${JSON.stringify(file)}, JSON.stringify(Object.keys(require.cache)))`;
  writeFileSync(program, `process.on('exit', () => ${write});`);
  const sidecar = await stack.process({ settings, env: { NODE_OPTIONS: `--require ${program}` } });
  await probe(`${sidecar.httpUrl}/metrics`);
  sidecar.child.kill('SIGTERM');
  expect(await sidecar.exit).toEqual({ code: 0, signal: null });
  return JSON.parse(readFileSync(file, 'utf8')) as string[];
}

const isInspector = (file: string): boolean => file.endsWith('/inspector.js');

describe('the inspector', () => {
  test('is off unless it has an address: nothing of it is loaded', async () => {
    const loaded = await filesLoadedBy({});
    expect(loaded).toContainEqual(expect.stringMatching(/\/main\.js$/));
    expect(loaded.filter(isInspector)).toEqual([]);
    // What the file beside main.js has must not be in main.js, too.
    const main = readFileSync(
      loaded.find((file) => file.endsWith('/main.js'))!,
      'utf8',
    );
    for (const part of ['inspector-page', 'prefers-color-scheme', 'hono']) expect(main).not.toContain(part);
  });

  test('is loaded with an address, which the log names', async () => {
    expect((await filesLoadedBy(inspected)).filter(isInspector)).toHaveLength(1);
    const { serving } = await stack.process({ settings: inspected });
    expect(serving.inspector).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  test.each([':9465', '0.0.0.0:9465', '192.0.2.1:9465', 'inspector.example:9465'])(
    'does not listen on %s, unless that is allowed',
    async (address) => {
      const { exit, log } = stack.launch({ settings: { INSPECTOR_ADDRESS: address } });
      expect(await exit).toEqual({ code: 64, signal: null });
      expect(log().map(({ msg }) => msg)).toEqual([
        `cannot start: SESSION_SIDECAR_INSPECTOR_ADDRESS: Expected loopback, like 127.0.0.1:9465, because the inspector has no login, got \`${address}\`. To serve it to others all the same, set SESSION_SIDECAR_INSPECTOR_REMOTE=on.`,
      ]);
    },
  );

  test('listens elsewhere when that is allowed', async () => {
    const sidecar = await stack.process({ settings: { INSPECTOR_ADDRESS: '0.0.0.0:0', INSPECTOR_REMOTE: 'on' } });
    expect((await ask(sidecar, '/version')).status).toBe(200);
  });

  test('reports an address that is in use before the sidecar is ready', async () => {
    const { serving } = await stack.process({ settings: inspected });
    const taken = new URL(serving.inspector!).host;
    const { exit, log } = stack.launch({
      settings: { GRPC_ADDRESS: '127.0.0.1:0', HTTP_ADDRESS: '127.0.0.1:0', INSPECTOR_ADDRESS: taken },
    });
    expect((await exit).code).toBe(1);
    expect(log().at(-1)?.msg).toBe(
      `cannot start: Cannot listen on ${taken} (SESSION_SIDECAR_INSPECTOR_ADDRESS): the address is in use (EADDRINUSE). Stop the process that listens there, or choose another port.`,
    );
  });
});

interface Stats {
  readonly readiness: { readonly ready: boolean };
  readonly present: {
    readonly callsPerSecond: number;
    readonly p50Ms: number | null;
    readonly rssBytes: number;
  } | null;
  readonly methods: readonly { readonly method: string; readonly total: number; readonly failed: number }[];
  readonly caches: readonly { readonly name: string; readonly hits: number; readonly misses: number }[];
  readonly errors: readonly {
    readonly kind: string;
    readonly name: string;
    readonly reason: string;
    readonly count: number;
  }[];
  readonly connections: {
    readonly open: number;
    readonly pipelines: number;
    readonly listed: readonly { readonly address: string; readonly userAgent: string; readonly streams: number }[];
  };
  readonly history: { readonly samples: readonly object[] };
}

describe('GET /stats.json', () => {
  test('counts calls, cache reads and failures by reason, and lists connections, after the next sample', async () => {
    const redis = await stack.redis();
    const sidecar = await stack.process({ redis, settings: { ...inspected, NEAR_CACHE: '1MiB' } });
    const client = stack.use(connectRaw(sidecar.address, { 'grpc.primary_user_agent': 'shop/7 <b>' }));
    const { token } = await client.call('createSession', {});
    for (let read = 0; read < 5; read += 1) await client.call('getSession', { token });
    await client.call('invalidateSession', { token });
    await failureOf(client.call('getSession', { token }));
    await failureOf(client.call('getSession', { token: 'MARKtoken' }));
    const many = Array.from({ length: 1_001 }, (_, key) => mutation.set(`MARK${key}`, '1'));
    await failureOf(client.call('createSession', { mutations: many }));

    const stats = await until('a sample with the calls', async () => {
      const found = await askJson<Stats>(sidecar, '/stats.json');
      return found.methods.some(({ total }) => total === 7) && found;
    });
    expect(stats.readiness.ready).toBe(true);
    expect(stats.present).toMatchObject({ callsPerSecond: expect.any(Number), p50Ms: expect.any(Number) });
    expect(stats.present!.callsPerSecond).toBeGreaterThan(0);
    expect(stats.present!.rssBytes).toBeGreaterThan(10_000_000);
    expect(stats.history.samples.length).toBeGreaterThan(0);
    expect(stats.methods).toContainEqual(expect.objectContaining({ method: 'GetSession', total: 7, failed: 2 }));
    const [nearCache] = stats.caches;
    expect(nearCache).toMatchObject({ name: 'near cache' });
    expect(nearCache!.hits + nearCache!.misses).toBeGreaterThan(0);
    const reasons = stats.errors.map(({ kind, name, reason, count }) => `${kind} ${name} ${reason} ${count}`);
    expect(reasons).toEqual(
      expect.arrayContaining([
        'call GetSession SESSION_NOT_FOUND 1',
        'call GetSession TOKEN_INVALID 1',
        'call CreateSession REQUEST_TOO_LARGE 1',
        'refusal mutations limit reached 1',
      ]),
    );
    expect(stats.connections).toMatchObject({ open: 1, pipelines: 0 });
    const [connection] = stats.connections.listed;
    expect(connection).toMatchObject({ streams: 0, userAgent: expect.stringMatching(/^shop\/7 <b> grpc-node-js/) });
    expect(connection!.address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(JSON.stringify(stats)).not.toContain('MARK');
  });
});

describe('readiness', () => {
  test('is reported with parts, reasons and times', async () => {
    const redis = await stack.redis();
    const sidecar: ServingProcess = await stack.process({ redis, settings: inspected });
    const ready = await ask(sidecar, '/ready');
    expect(ready.status).toBe(200);
    const iso = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);
    expect(JSON.parse(ready.body)).toEqual({
      ready: true,
      parts: [
        { name: 'redis', ready: true, reason: null, since: iso },
        { name: 'grpc', ready: true, reason: null, since: iso },
      ],
    });

    await redis.stop();
    const lost = await until('the sidecar not to be ready', async () => {
      const answer = await ask(sidecar, '/ready');
      return answer.status === 503 && answer;
    });
    const { ready: isReady, parts } = JSON.parse(lost.body) as { ready: boolean; parts: { reason: string | null }[] };
    expect(isReady).toBe(false);
    expect(parts[0]?.reason).toEqual(expect.stringMatching(/./));
    // The reason changes with each attempt to connect.
    await until('the page to say why', async () => {
      const now = await askJson<{ parts: { reason: string }[] }>(sidecar, '/ready');
      const { body: page } = await ask(sidecar, '/');
      expect(page).toContain('<title>Not ready – session-sidecar inspector</title>');
      return page.includes(now.parts[0]!.reason);
    });
  });
});

/** Otherwise, the build does not know its commit. */
const isCheckout = existsSync(join(__dirname, '../../../.git'));

test('GET /version names the build', async () => {
  const sidecar = await stack.process({ settings: inspected });
  expect(await askJson(sidecar, '/version')).toEqual({
    version: sidecar.serving['version'],
    commit: isCheckout ? expect.stringMatching(/^[0-9a-f]{12}(-dirty)?$/) : null,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    pid: sidecar.child.pid,
    store: 'memory',
    started: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    uptimeSeconds: expect.any(Number),
  });
});
