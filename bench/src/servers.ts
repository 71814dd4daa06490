import { Client, credentials } from '@grpc/grpc-js';
import { SessionClient } from '@session-sidecar/client';
import { SessionServiceService } from '@session-sidecar/proto/session/v1/session_service';
import type { Language } from './languages';
import { startEcho, startRedis, startSidecar, untilReady } from './processes';
import type { GrpcServerProcess, RedisServer } from './processes';
import { shopSession } from './shop';
import type { Shop, Size } from './shop';
import type { SideName } from './sides/side';
import { forWebSides } from './web-apps';
import type { ExpressApp, WebApp } from './web-apps';

/** The processes that serve a side's load. */
export interface Servers {
  readonly redis: boolean;
  /** Whether Redis reports changes. Without reports, caches cannot open a session without a call. Default: true. */
  readonly reportsChanges?: boolean;
  /** The gRPC server next to the application in each pod. Default: none, because a library in the application does the work. */
  readonly grpc?: 'sidecar' | 'sidecar-near' | 'sidecar-encrypted' | 'sidecar-recording' | 'echo';
  /** An application that receives the load over HTTP. Default: the load process is the application. */
  readonly app?: ExpressApp | WebApp;
  /** The number of pods that share the same sessions. Default: one pod, in which each load process has its own sessions. */
  readonly pods?: number;
  /** The language of the load process. Default: TypeScript. */
  readonly language?: Language;
  /** More than one if one load process cannot keep the server busy. */
  readonly loadsPerPod: number;
  readonly writes: boolean;
}

const library: Servers = { redis: true, loadsPerPod: 1, writes: true };
const sidecar: Servers = { ...library, grpc: 'sidecar' };
const yardstick: Servers = { ...library, writes: false };

export const serversOf: Readonly<Record<SideName, Servers>> = {
  sidecar,
  'sidecar-cached': sidecar,
  'sidecar-small-cache': sidecar,
  'sidecar-validated': { ...sidecar, reportsChanges: false },
  'sidecar-near': { ...sidecar, grpc: 'sidecar-near' },
  'sidecar-encrypted': { ...sidecar, grpc: 'sidecar-encrypted' },
  'sidecar-recording': { ...sidecar, grpc: 'sidecar-recording' },
  'two-pods': { ...sidecar, pods: 2 },
  'two-pods-cached': { ...sidecar, pods: 2 },
  'two-pods-connect-redis': { ...library, pods: 2 },
  'express-sidecar': { ...sidecar, app: { framework: 'express', store: 'sidecar' } },
  'express-cached': { ...sidecar, app: { framework: 'express', store: 'cached' } },
  'express-connect-redis': { ...library, app: { framework: 'express', store: 'connect-redis' } },
  ...forWebSides((app) => ({ ...(app.store === 'library' ? library : sidecar), app })),
  'go-sidecar': { ...sidecar, language: 'go' },
  'go-scs': { ...library, language: 'go' },
  'go-scs-idle': { ...library, language: 'go' },
  'go-gorilla': { ...library, language: 'go' },
  'python-sidecar': { ...sidecar, language: 'python' },
  'python-pyramid': { ...library, language: 'python' },
  'python-flask': { ...library, language: 'python' },
  'python-django': { ...library, language: 'python' },
  'well-behaved': sidecar,
  unary: sidecar,
  'ioredis-hgetall': yardstick,
  'ioredis-pipelining': yardstick,
  'ioredis-get': yardstick,
  'connect-redis': library,
  capacity: { ...sidecar, loadsPerPod: 2, writes: false },
  'capacity-memory': { redis: false, grpc: 'sidecar', loadsPerPod: 2, writes: false },
  echo: { redis: false, grpc: 'echo', loadsPerPod: 2, writes: false },
};

export async function startRedisFor({ redis, reportsChanges = true }: Servers): Promise<RedisServer | undefined> {
  if (!redis) return undefined;
  const server = await startRedis();
  if (!reportsChanges) await server.admin.acl('SETUSER', 'default', '-client|tracking');
  return server;
}

export interface GrpcServerOptions {
  readonly redis: RedisServer | undefined;
  readonly size: Size;
  /** The name of a CPU profile to write; `undefined` for none. */
  readonly profile: string | undefined;
}

/** Starts a gRPC server for each pod. */
export async function startGrpcServers(
  { grpc, pods = 1 }: Servers,
  { redis, size, profile }: GrpcServerOptions,
): Promise<GrpcServerProcess[]> {
  if (grpc === undefined) return [];
  if (grpc === 'echo') return [await startEcho(await sampleReply(size))];
  const kind = {
    nearCache: grpc === 'sidecar-near',
    isEncrypted: grpc === 'sidecar-encrypted',
    recordsAllAccesses: grpc === 'sidecar-recording',
  };
  const sidecars = Array.from({ length: pods }, () => startSidecar({ redisPort: redis?.port, ...kind, profile }));
  return Promise.all(
    sidecars.map(async (starting) => {
      const started = await starting;
      await untilReady(started);
      return started;
    }),
  );
}

/** The bytes of a GetSession response of a real sidecar. */
async function sampleReply(size: Size): Promise<Buffer> {
  const server = await startSidecar({});
  const sessions = new SessionClient<Shop>({ address: server.address });
  const session = sessions.create();
  session.update(shopSession(0, size));
  await session.save();
  sessions.close();

  const raw = new Client(server.address, credentials.createInsecure());
  const { path, requestSerialize } = SessionServiceService.getSession;
  const identity = (bytes: Buffer): Buffer => bytes;
  const reply = await new Promise<Buffer>((resolve, reject) => {
    raw.makeUnaryRequest(path, requestSerialize, identity, { token: session.token! }, (error, bytes) =>
      error ? reject(error) : resolve(bytes!),
    );
  });
  raw.close();
  await server.stop();
  return reply;
}
