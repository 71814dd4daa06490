import { connect } from 'node:net';
import { Client, credentials } from '@grpc/grpc-js';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '../support/poll';
import { metricsOf, probe, signingKey } from '../support/process';
import type { ServingProcess } from '../support/process';
import { connectRaw, failureOf, mutation, RpcFailure } from '../support/raw-grpc';
import type { RawClient, ResponseOf } from '../support/raw-grpc';
import type { RedisServer } from '../support/redis';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();

const stopping = 'shutting down: draining in-flight calls';
const unfinished = 'shutdown grace period (SESSION_SIDECAR_SHUTDOWN_GRACE) expired with calls in flight';

let redis: RedisServer;

beforeEach(async () => {
  redis = await stack.redis();
});

function connectTo({ address }: ServingProcess): RawClient {
  return stack.use(connectRaw(address));
}

interface InFlight {
  readonly sidecar: ServingProcess;
  readonly client: RawClient;
  /** The call that Redis does not answer. */
  readonly call: Promise<ResponseOf<'updateSession'>>;
}

/** A sidecar with one call in flight that ends when Redis thaws. */
async function withCallInFlight(settings: Readonly<Record<string, string>> = {}): Promise<InFlight> {
  const sidecar = await stack.process({
    redis,
    settings: { REDIS_COMMAND_TIMEOUT: '1m', ...settings },
  });
  const client = connectTo(sidecar);
  const { token } = await client.call('createSession', {});
  redis.freeze();
  const call = client.call('updateSession', { token, mutations: [mutation.set('a', '1')] });
  call.catch(() => undefined);
  await until(
    'the call to be in flight',
    async () => (await metricsOf(sidecar)).value('session_sidecar_rpcs_in_flight') === 1,
  );
  return { sidecar, client, call };
}

function messagesOf({ log }: ServingProcess): readonly string[] {
  return log().map(({ msg }) => msg);
}

describe.each(['SIGTERM', 'SIGINT'] as const)('%s with a call in flight', (signal) => {
  test('not ready first, then the call gets its answer, new ones are refused, and the process ends with 0', async () => {
    const { sidecar, client, call } = await withCallInFlight();
    sidecar.child.kill(signal);
    expect(await sidecar.logged(stopping)).toMatchObject({ signal, graceMs: 10_000 });

    expect(await probe(`${sidecar.httpUrl}/readyz`)).toMatchObject({
      status: 503,
      text: expect.stringMatching(/^not ready: grpc: draining since \d{4}-\S+Z\n$/),
    });
    expect((await probe(`${sidecar.httpUrl}/livez`)).status).toBe(200);
    for (const each of [client, connectTo(sidecar)]) {
      const failure = await failureOf(each.call('createSession', {}));
      expect(failure).toMatchObject({ status: 'UNAVAILABLE', reason: 'DRAINING' });
      expect(failure.retryDelayMs).toBeGreaterThan(0);
    }
    expect((await metricsOf(sidecar)).value('session_sidecar_rpcs_in_flight')).toBe(1);
    expect(messagesOf(sidecar)).not.toContain('stopped');

    redis.thaw();
    expect(await call).toMatchObject({ version: 2, results: [{ applied: true }] });
    expect(await sidecar.exit).toEqual({ code: 0, signal: null });
    expect(messagesOf(sidecar).slice(0, 2).sort()).toEqual(['connected to Redis', 'serving']);
    expect(messagesOf(sidecar).slice(2)).toEqual([stopping, 'stopped']);
    expect(sidecar.output().stderr).toBe('');
  });
});

describe('a call that takes longer than the grace period', () => {
  test('is given up; the process says so and ends with 0', async () => {
    const { sidecar, call } = await withCallInFlight({ SHUTDOWN_GRACE: '50ms' });
    sidecar.child.kill('SIGTERM');
    expect(await sidecar.exit).toEqual({ code: 0, signal: null });
    expect(messagesOf(sidecar).slice(-2)).toEqual([stopping, unfinished]);
    expect(sidecar.log().at(-1)).toMatchObject({ level: 'warn' });
    await expect(call).rejects.toThrow(RpcFailure);
  });

  test('is given up at once with a grace period of 0s', async () => {
    const { sidecar } = await withCallInFlight({ SHUTDOWN_GRACE: '0s' });
    sidecar.child.kill('SIGTERM');
    expect(await sidecar.exit).toEqual({ code: 0, signal: null });
    expect(messagesOf(sidecar).at(-1)).toBe(unfinished);
  });
});

describe('a second signal', () => {
  test.each([
    ['SIGTERM', 'SIGTERM'],
    ['SIGINT', 'SIGINT'],
    ['SIGTERM', 'SIGINT'],
    ['SIGINT', 'SIGTERM'],
  ] as const)('%s then %s ends the process at once, calls in flight or not', async (first, second) => {
    const { sidecar } = await withCallInFlight({ SHUTDOWN_GRACE: '1h' });
    sidecar.child.kill(first);
    await sidecar.logged(stopping);
    sidecar.child.kill(second);
    expect(await sidecar.exit).toEqual({ code: null, signal: second });
  });
});

describe('a sidecar with nothing in flight', () => {
  test('ends with 0, its ports free again', async () => {
    const sidecar = await stack.process();
    sidecar.child.kill('SIGTERM');
    expect(await sidecar.exit).toEqual({ code: 0, signal: null });
    for (const url of [`http://${sidecar.address}`, sidecar.httpUrl]) {
      await expect(connectTcp(new URL(url))).rejects.toThrow('ECONNREFUSED');
    }
  });

  test('has written every log line, and in order, when it ends', async () => {
    // Lines that are written later than logged are overtaken in about half of all cases.
    const sidecars = await Promise.all(Array.from({ length: 8 }, () => stack.process()));
    for (const { child } of sidecars) child.kill('SIGTERM');
    await Promise.all(sidecars.map(({ exit }) => exit));
    for (const sidecar of sidecars) expect(messagesOf(sidecar).slice(-3)).toEqual(['serving', stopping, 'stopped']);
  });

  test('does not complain about the connection to Redis that it closes itself', async () => {
    const sidecar = await stack.sidecar({ redis, logLevel: 'debug' });
    const connections = async () =>
      String(await redis.admin.client('LIST')).match(/name=session-sidecar/g)?.length ?? 0;
    expect(await connections()).toBe(1);
    await sidecar.close();
    await until('the connection to be closed', async () => (await connections()) === 0);
    expect(sidecar.log()).toContain('connected to Redis');
    expect(sidecar.log()).not.toContain('lost');
  });

  test('ends although a client watches its health, which it notifies first', async () => {
    const sidecar = await stack.process();
    const health = watchHealth(sidecar.address);
    await until('the first answer', () => health.statuses.length > 0);
    sidecar.child.kill('SIGTERM');
    expect(await sidecar.exit).toEqual({ code: 0, signal: null });
    expect(health.statuses).toEqual(['SERVING', 'NOT_SERVING']);
    health.close();
  });

  test('ends although clients keep connections open', async () => {
    const sidecar = await stack.process();
    const sockets = await Promise.all(
      [`http://${sidecar.address}`, sidecar.httpUrl].map((url) => connectTcp(new URL(url))),
    );
    sidecar.child.kill('SIGTERM');
    expect(await sidecar.exit).toEqual({ code: 0, signal: null });
    for (const socket of sockets) socket.destroy();
  });

  test('ends although Redis hangs', async () => {
    const sidecar = await stack.process({ settings: { SIGNING_KEYS: signingKey, REDIS_URL: redis.url } });
    await sidecar.logged('connected to Redis');
    redis.freeze();
    sidecar.child.kill('SIGTERM');
    expect(await sidecar.exit).toEqual({ code: 0, signal: null });
  });

  test('ends although Redis is not there', async () => {
    await redis.stop();
    const sidecar = await stack.process({ settings: { SIGNING_KEYS: signingKey, REDIS_URL: redis.url } });
    await sidecar.logged('Redis connection error');
    sidecar.child.kill('SIGTERM');
    expect(await sidecar.exit).toEqual({ code: 0, signal: null });
  });
});

function connectTcp({ hostname, port }: URL) {
  return new Promise<ReturnType<typeof connect>>((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    socket.once('connect', () => resolve(socket)).once('error', reject);
    socket.once('connect', () => socket.on('error', () => undefined));
  });
}

/** Follows grpc.health.v1.Health/Watch of the whole server, whose answers are `08 <status>`. */
function watchHealth(address: string): { readonly statuses: readonly string[]; close(): void } {
  const names = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
  const statuses: string[] = [];
  const client = new Client(address, credentials.createInsecure());
  const stream = client.makeServerStreamRequest(
    '/grpc.health.v1.Health/Watch',
    (bytes: Buffer) => bytes,
    (bytes: Buffer) => bytes,
    Buffer.alloc(0),
  );
  stream.on('data', (bytes: Buffer) => statuses.push(names[bytes[1] ?? 0] ?? '?')).on('error', () => undefined);
  return { statuses, close: () => client.close() };
}
