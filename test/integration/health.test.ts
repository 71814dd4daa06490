import { resolve } from 'node:path';
import { credentials, makeGenericClientConstructor, status } from '@grpc/grpc-js';
import type { Client, ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { SessionServiceDefinition } from '@session-sidecar/proto/session/v1/session_service';
import { service as healthService } from 'grpc-health-check';
import { execute } from '../support/commands';
import { until } from '../support/poll';
import type { Sidecar } from '../support/sidecar';
import { stackForAllTests } from '../support/stack';

interface HealthAnswer {
  readonly status: string;
}

type HealthClient = Client & {
  check(request: { service: string }, done: (error: ServiceError | null, answer: HealthAnswer) => void): void;
  list(request: object, done: (error: ServiceError | null, answer: unknown) => void): void;
  watch(request: { service: string }): ClientReadableStream<HealthAnswer>;
};

const services = ['', SessionServiceDefinition.fullName];
const stack = stackForAllTests();

function connectHealth({ address }: Sidecar): HealthClient {
  const HealthService = makeGenericClientConstructor(healthService, 'Health');
  const client = new HealthService(address, credentials.createInsecure()) as unknown as HealthClient;
  stack.defer(() => client.close());
  return client;
}

function check(client: HealthClient, service: string): Promise<string> {
  return new Promise((done, fail) => {
    client.check({ service }, (error, answer) => (error === null ? done(answer.status) : fail(error)));
  });
}

/** Every status that a watcher was told, in order. */
function watch(client: HealthClient, service: string): readonly string[] {
  const told: string[] = [];
  const stream = client.watch({ service });
  stream.on('data', ({ status: now }: HealthAnswer) => told.push(now));
  stream.on('error', () => undefined);
  stack.defer(() => stream.cancel());
  return told;
}

describe('grpc.health.v1', () => {
  test('reports SERVING for the server and for session.v1.SessionService, and knows no other service', async () => {
    const client = connectHealth(await stack.sidecar());
    for (const service of services) expect(await check(client, service)).toBe('SERVING');
    await expect(check(client, 'session.v2.SessionService')).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  test('stores no name that it is asked for', async () => {
    const sidecar = await stack.sidecar();
    const client = connectHealth(sidecar);
    const name = 'x'.repeat(1_000_000);
    const failure = await check(client, name).catch((error: unknown) => error as ServiceError);
    expect(failure).toMatchObject({ code: status.NOT_FOUND });
    expect(JSON.stringify(failure).length).toBeLessThan(2000);

    const told = watch(client, name);
    await until('the answer', () => told.length === 1);
    expect(told).toEqual(['SERVICE_UNKNOWN']);
    const listed = await new Promise((done, fail) => {
      client.list({}, (error, answer) => (error === null ? done(answer) : fail(error)));
    });
    expect(listed).toEqual({
      statuses: Object.fromEntries(services.map((service) => [service, { status: 'SERVING' }])),
    });
  });

  test('has a bounded number of watchers, and room again when one of them is gone', async () => {
    const sidecar = await stack.sidecar();
    const client = connectHealth(sidecar);
    const streams = Array.from({ length: 100 }, (_, n) => client.watch({ service: n % 2 === 0 ? '' : `service ${n}` }));
    let answers = 0;
    for (const stream of streams) stream.on('data', () => (answers += 1)).on('error', () => undefined);
    await until('all answers', () => answers === 100);
    const ok: number = status.OK;
    const refused = () =>
      new Promise<number>((done) => {
        const stream = client.watch({ service: '' });
        stream.on('error', (error) => done((error as ServiceError).code));
        stream.on('data', () => {
          done(ok);
          stream.cancel();
        });
      });
    expect(await refused()).toBe(status.RESOURCE_EXHAUSTED);
    streams[0]!.cancel();
    await until('room', async () => (await refused()) === ok);
    for (const stream of streams) stream.cancel();
  });

  test('reports NOT_SERVING while Redis is unavailable, then SERVING; watchers see each change', async () => {
    const redis = await stack.redis();
    const client = connectHealth(await stack.sidecar({ redis }));
    const watchers = services.map((service) => watch(client, service));
    await until('the first answer', () => watchers.every((told) => told.length === 1));

    await redis.stop();
    await until('the news that Redis is away', () => watchers.every((told) => told.length === 2));
    for (const service of services) expect(await check(client, service)).toBe('NOT_SERVING');

    await stack.redis({ port: redis.port });
    await until('the news that it is back', () => watchers.every((told) => told.length === 3));
    for (const service of services) expect(await check(client, service)).toBe('SERVING');
    for (const told of watchers) expect(told).toEqual(['SERVING', 'NOT_SERVING', 'SERVING']);
  });

  test('reports NOT_SERVING from the start until Redis can be reached', async () => {
    const redis = await stack.redis();
    await redis.stop();
    const client = connectHealth(await stack.sidecar({ redis, awaitReady: false }));
    for (const service of services) expect(await check(client, service)).toBe('NOT_SERVING');
    await stack.redis({ port: redis.port });
    await until('the sidecar to find Redis', async () => (await check(client, '')) === 'SERVING');
  });

  test('sends watchers NOT_SERVING when the sidecar stops', async () => {
    const sidecar = await stack.sidecar();
    const told = watch(connectHealth(sidecar), '');
    await until('the first answer', () => told.length === 1);
    await sidecar.close();
    await until('the last', () => told.length === 2);
    expect(told).toEqual(['SERVING', 'NOT_SERVING']);
  });
});

/** With buf, which has nothing of this project but what the sidecar tells it. */
describe('server reflection', () => {
  let sidecar: Sidecar;

  beforeAll(async () => {
    sidecar = await stack.sidecar();
  });

  async function buf(...args: string[]): Promise<string> {
    const binary = resolve(__dirname, '../../node_modules/.bin/buf');
    const options = { cwd: '/', env: { ...process.env, HOME: '/tmp' } };
    const { stdout } = await execute(
      binary,
      ['curl', '--protocol', 'grpc', '--http2-prior-knowledge', ...args],
      options,
    );
    return stdout;
  }

  test.each(['grpc-v1', 'grpc-v1alpha'])('lists the services and every method (%s)', async (protocol) => {
    const methods = await buf('--reflect-protocol', protocol, '--list-methods', `http://${sidecar.address}`);
    const expected = Object.values(SessionServiceDefinition.methods).map(
      ({ name }) => `session.v1.SessionService/${name}`,
    );
    expect(methods.split('\n')).toEqual(expect.arrayContaining([...expected, 'grpc.health.v1.Health/Check']));
  });

  test('gives descriptors with all their imports, so that a call can be made from nothing else', async () => {
    const url = `http://${sidecar.address}/session.v1.SessionService`;
    const mutations = [{ set: { key: 'a', value: Buffer.from('1').toString('base64') } }];
    const created = JSON.parse(
      await buf('--data', JSON.stringify({ mutations, idleTimeout: '60s' }), `${url}/CreateSession`),
    ) as {
      token: string;
    };
    expect(created).toMatchObject({
      session: { data: { a: 'MQ==' }, idleTimeout: '60s', created: expect.stringMatching(/Z$/), version: '1' },
    });
    const read = JSON.parse(
      await buf('--data', JSON.stringify({ token: created.token }), `${url}/GetSession`),
    ) as unknown;
    expect(read).toMatchObject({ session: { data: { a: 'MQ==' } } });
    const failed: unknown = await buf('--data', '{}', `${url}/GetSession`).catch((error: unknown) =>
      JSON.parse((error as { stderr: string }).stderr),
    );
    expect(failed).toMatchObject({ code: 'unauthenticated', details: [{ type: 'google.rpc.ErrorInfo' }] });
  });
});
