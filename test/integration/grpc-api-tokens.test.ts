import { once } from 'node:events';
import pino from 'pino';
import { Metadata, status } from '@grpc/grpc-js';
import type { Client, ServiceError } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { ApiTokens } from '../../server/src/grpc/api-tokens';
import { createHandlers } from '../../server/src/rpc/handlers';
import { startGrpcServer } from '../../server/src/grpc/server';
import { loadConfig } from '../../server/src/config';
import { SessionWatch } from '../../server/src/rpc/watch/session-watch';
import { SessionManager } from '../../server/src/session/session-manager';
import { SubjectManager } from '../../server/src/session/subject-manager';
import { createTokens } from '../../server/src/tokens/token';
import { MemoryEventLog } from '../../server/src/store/memory/memory-event-log';
import { MemoryStore } from '../../server/src/store/memory/memory-store';
import { ignoreEvents } from '../support/ignored-events';
import { callOf, connectBare, openPipeline } from '../support/raw-pipeline';
import { connectRaw, failureOf, methods, RpcFailure } from '../support/raw-grpc';
import type { MethodName } from '../support/raw-grpc';
import { metricOf } from '../support/ready-sidecar';
import type { SidecarOptions } from '../support/stack';
import { stackForEachTest } from '../support/stack';

const names = Object.keys(methods) as MethodName[];
const [one, two] = ['first-token-0123456789', 'second-token-0123456789'];
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const stack = stackForEachTest();

const listServices = Buffer.from([0x3a, 0x00]);
const reflectionPath = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';

async function start(settings: SidecarOptions['settings'] = { API_TOKENS: `${one},${two}` }) {
  const sidecar = await stack.sidecar({ settings });
  const raw = stack.use(connectRaw(sidecar.address));
  const client = stack.use(connectBare(sidecar.address));
  const refused = () => metricOf(sidecar, 'session_sidecar_refusals_total\\{limit="api_token"\\}');
  return { sidecar, raw, client, refused };
}

/** A call of any method, with bytes. */
function callStream(client: Client, path: string, request: Buffer): Promise<string> {
  const asIs = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve) => {
    const stream = client.makeBidiStreamRequest(path, asIs, asIs, new Metadata());
    stream.on('error', (error) => resolve(new RpcFailure(error as ServiceError).reason ?? String(error)));
    stream.on('data', () => {
      resolve('answered');
      stream.cancel();
    });
    stream.on('end', () => resolve('ended'));
    stream.end(request);
  });
}

/** Asks for the names of all services, and keeps the stream open. */
function openReflection(client: Client, metadata: Metadata) {
  const asIs = (bytes: Buffer): Buffer => bytes;
  const stream = client.makeBidiStreamRequest(reflectionPath, asIs, asIs, metadata);
  const answered = once(stream, 'data');
  const ended = new Promise<void>((resolve) => stream.on('error', () => resolve()));
  stream.write(listServices);
  return { answered, ended };
}

const invalid = { status: 'UNAUTHENTICATED', reason: 'API_TOKEN_INVALID', domain: 'session.v1' };

describe('a sidecar with API tokens', () => {
  test.each(names)('accepts %s with one of them, and rejects it without or with another', async (method) => {
    const { raw, refused } = await start();
    for (const token of [one, two]) {
      const call = raw.call(method, {}, { metadata: bearer(token) });
      const outcome = await call.then(
        () => 'OK',
        (error: unknown) => (error as RpcFailure).reason,
      );
      expect(outcome).not.toBe('API_TOKEN_INVALID');
    }
    for (const metadata of [{}, bearer('another-token-0123456789'), { authorization: one }]) {
      const failure = await failureOf(raw.call(method, {}, { metadata }));
      expect(failure).toMatchObject(invalid);
      expect(failure.message).not.toContain(one);
    }
    expect(await refused()).toBe(3);
  });

  test('checks a pipeline once, when it is opened', async () => {
    const { client } = await start();
    expect(await openPipeline(client).end).toMatchObject(invalid);
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${one}`);
    const pipeline = openPipeline(client, { metadata });
    pipeline.send({ calls: [callOf(1, 'createSession', {})] });
    await pipeline.reply(1);
    pipeline.cancel();
  });

  test('requires one for server reflection, but not for health checks', async () => {
    const { client } = await start();
    expect(await callStream(client, reflectionPath, listServices)).toBe('API_TOKEN_INVALID');
    expect(await callStream(client, '/grpc.health.v1.Health/Watch', Buffer.alloc(0))).toBe('answered');
  });
});

test('a sidecar without API tokens requires none, and ignores those that are sent', async () => {
  const { raw } = await start({});
  await raw.call('createSession', {});
  await raw.call('createSession', {}, { metadata: bearer(one) });
});

test('API tokens that are replaced count at once, and streams that came with an old one end', async () => {
  const { config } = loadConfig({
    env: { SESSION_SIDECAR_GRPC_ADDRESS: '127.0.0.1:0' },
    args: [],
    readFile: () => Buffer.alloc(0),
  });
  const { expiry, limits } = config;
  const store = new MemoryStore({ expiry, limits, maxBytes: 1 << 20, now: Date.now });
  const parts = { store, tokens: createTokens([Buffer.alloc(32)]), limits, expiry, events: ignoreEvents };
  const apiTokens = new ApiTokens([one]);
  const ignore = (): void => undefined;
  const observer = { eventRecorded: ignore, setRecording: ignore };
  const watch = new SessionWatch(new MemoryEventLog({ retentionMs: 60_000, now: Date.now, observer }));
  const server = await startGrpcServer({
    ...config.grpc,
    addresses: config.grpcAddresses,
    apiTokens,
    limits: { ...config.grpc.limits, mutations: 1000 },
    handlers: createHandlers({
      manager: new SessionManager(parts),
      subjects: new SubjectManager(parts),
      watch,
      observer: { copyRead: ignore },
    }),
    watch,
    changes: undefined,
    handleOf: () => undefined,
    observer: {
      ...{ rpcStarted: ignore, rpcEnded: ignore, refused: ignore },
      ...{ changeStreams: ignore, changesReported: ignore, allChangesReported: ignore },
      ...{ watchersChanged: ignore, eventSent: ignore },
    },
    logger: pino({ level: 'silent' }),
  });
  stack.defer(() => server.close(0));
  const client = stack.use(connectBare(server.addresses[0]!, { own: true }));
  const raw = stack.use(connectRaw(server.addresses[0]!));
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${one}`);
  const pipeline = openPipeline(client, { metadata });
  await pipeline.opened;
  const reflection = openReflection(client, metadata);
  await reflection.answered;

  apiTokens.replace([one, two]);
  pipeline.send({ calls: [callOf(1, 'createSession', {})] });
  await pipeline.reply(1);

  apiTokens.replace([two]);
  expect(await pipeline.end).toMatchObject(invalid);
  await reflection.ended;
  expect(await failureOf(raw.call('createSession', {}, { metadata: bearer(one) }))).toMatchObject(invalid);
  await raw.call('createSession', {}, { metadata: bearer(two) });
});

describe('server reflection', () => {
  test('is unknown when it is turned off', async () => {
    const { client } = await start({ REFLECTION: 'off' });
    for (const version of ['v1', 'v1alpha']) {
      const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
      expect(await callStream(client, path, Buffer.from([0x3a, 0x00]))).toContain(
        `${status.UNIMPLEMENTED} UNIMPLEMENTED`,
      );
    }
    expect(await callStream(client, '/grpc.health.v1.Health/Watch', Buffer.alloc(0))).toBe('answered');
  });
});
