import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Browser } from '../support/browser';
import { until } from '../support/poll';
import { probe, signingKey, untilServing } from '../support/process';
import type { ServingProcess } from '../support/process';
import { connectRaw, mutation } from '../support/raw-grpc';
import { startRedis } from '../support/redis';
import type { RedisServer } from '../support/redis';
import { images, removeContainers, runImage } from './podman';
import type { Container } from './podman';

/** More than the sidecar's own grace, so that a SIGKILL shows as exit code 137. */
const graceSeconds = 20;

let redis: RedisServer;
let socketDirectory: string;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis.stop());

beforeEach(() => {
  socketDirectory = mkdtempSync(join(tmpdir(), 'sockets-'));
  // As an emptyDir of Kubernetes is: for every user of the pod.
  chmodSync(socketDirectory, 0o777);
});

afterEach(async () => {
  await removeContainers();
  rmSync(socketDirectory, { recursive: true, force: true });
});

async function startSidecar(): Promise<Container & ServingProcess> {
  const container = runImage(images.sidecar, {
    flags: ['--network', 'host', '--volume', `${socketDirectory}:/run/session-sidecar`],
    env: {
      REDIS_URL: redis.url,
      SESSION_SIDECAR_SIGNING_KEYS: signingKey,
      SESSION_SIDECAR_GRPC_ADDRESS: 'unix:/run/session-sidecar/grpc.sock,127.0.0.1:0',
      SESSION_SIDECAR_HTTP_ADDRESS: '127.0.0.1:0',
    },
  });
  return { ...container, ...(await untilServing(container)) };
}

const ready = (httpUrl: string) => until('/readyz', async () => (await probe(`${httpUrl}/readyz`)).status === 200);

test('A sidecar in a container becomes ready, keeps sessions in Redis, and ends well at SIGTERM', async () => {
  const begin = performance.now();
  const sidecar = await startSidecar();
  console.log(`From podman run to serving: ${(performance.now() - begin).toFixed(0)} ms`);
  await ready(sidecar.httpUrl);

  const overSocket = connectRaw(`unix:${join(socketDirectory, 'grpc.sock')}`);
  const overLoopback = connectRaw(sidecar.serving.grpc[1] ?? '');
  try {
    const { token } = await overSocket.call('createSession', { mutations: [mutation.set('user', '{"id":7}')] });
    const { session } = await overLoopback.call('getSession', { token });
    expect(session?.data.get('user')?.toString()).toBe('{"id":7}');
    expect(await redis.admin.keys('*')).toEqual([`session:${session?.handle}`]);
  } finally {
    overSocket.close();
    overLoopback.close();
  }

  expect(await sidecar.stop(graceSeconds)).toBe(0);
  expect(sidecar.log().at(-1)).toMatchObject({ msg: 'stopped' });
  expect(sidecar.output().stderr).toBe('');
});

test('It is process 1, alone, nobody, without a capability and with nothing to write to', async () => {
  const sidecar = await startSidecar();
  const folder = `/proc/${await sidecar.pid()}`;
  const status = Object.fromEntries(
    readFileSync(join(folder, 'status'), 'utf8')
      .split('\n')
      .map((line) => line.split(/:\s+/)),
  ) as Record<string, string>;
  expect(status).toMatchObject({
    Uid: Array(4).fill('65532').join('\t'),
    Gid: Array(4).fill('65532').join('\t'),
    CapPrm: '0'.repeat(16),
    CapEff: '0'.repeat(16),
    CapBnd: '0'.repeat(16),
    NoNewPrivs: '1',
  });
  expect(status['NSpid']?.split('\t').at(-1)).toBe('1');
  const mountOfRoot = readFileSync(join(folder, 'mountinfo'), 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .find((fields) => fields[4] === '/');
  expect(mountOfRoot?.[5]?.split(',')).toContain('ro');
  const commandLine = readFileSync(join(folder, 'cmdline'), 'utf8').split('\0').slice(0, -1);
  expect(commandLine.at(-1)).toBe('/session-sidecar/main.js');
  expect(readFileSync(join(folder, 'task', folder.slice('/proc/'.length), 'children'), 'utf8')).toBe('');
});

test('Variables and flags reach it, and end it with exit code 64 when they are wrong', async () => {
  const { exit, log } = runImage(images.sidecar, {
    flags: ['--network', 'none'],
    env: { SESSION_SIDECAR_IDLE_TIMEOUT: '20' },
    args: ['--max-keys', 'many'],
  });
  expect(await exit).toEqual({ code: 64, signal: null });
  expect(log().map(({ level, msg }) => [level, msg])).toEqual([
    ['fatal', expect.stringContaining('SESSION_SIDECAR_IDLE_TIMEOUT')],
    ['fatal', expect.stringContaining('--max-keys')],
  ]);
});

test('The shop in a container beside it, in its network, keeps a cart', async () => {
  const sidecar = await startSidecar();
  await ready(sidecar.httpUrl);
  const shop = runImage(images.shop, {
    flags: ['--network', `container:${sidecar.name}`],
    env: { HOST: '127.0.0.1', PORT: '0', SIDECAR_ADDRESS: sidecar.serving.grpc[1] ?? '' },
  });
  const url = await until('the shop', () => /http:\S+/.exec(shop.output().stdout)?.[0]);
  const browser = new Browser(url);
  const page = await (await browser.submit('/products/tea', { product: 'tea' })).text();
  expect(page).toContain('Tea is in your cart.');
  expect(await shop.stop(graceSeconds)).toBe(0);
});
