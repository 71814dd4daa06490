import { Client, credentials } from '@grpc/grpc-js';
import { SessionClient } from '@session-sidecar/client';
import { SessionServiceService } from '@session-sidecar/proto/session/v1/session_service';
import type { Round, RoundOutcome } from './closed-loop';
import { cpuSecondsOf } from './os-figures';
import { startEcho, startLoad, startRedis, startSidecar, untilReady } from './processes';
import type { GrpcServerProcess, RedisServer } from './processes';
import { shopSession } from './shop';
import type { Shop, Size } from './shop';
import type { SideName } from './sides/side';

/** The processes behind a side's load. */
interface Servers {
  readonly redis: boolean;
  readonly grpc?: 'sidecar' | 'sidecar-near' | 'echo';
  /** More than one where one could not keep the server busy. */
  readonly loads: number;
  readonly writes: boolean;
}

const serversOf: Readonly<Record<SideName, Servers>> = {
  sidecar: { redis: true, grpc: 'sidecar', loads: 1, writes: true },
  'sidecar-near': { redis: true, grpc: 'sidecar-near', loads: 1, writes: true },
  'well-behaved': { redis: true, grpc: 'sidecar', loads: 1, writes: true },
  unary: { redis: true, grpc: 'sidecar', loads: 1, writes: true },
  'ioredis-hgetall': { redis: true, loads: 1, writes: false },
  'ioredis-pipelining': { redis: true, loads: 1, writes: false },
  'ioredis-get': { redis: true, loads: 1, writes: false },
  'connect-redis': { redis: true, loads: 1, writes: true },
  capacity: { redis: true, grpc: 'sidecar', loads: 2, writes: false },
  'capacity-memory': { redis: false, grpc: 'sidecar', loads: 2, writes: false },
  echo: { redis: false, grpc: 'echo', loads: 2, writes: false },
};

/** What one side did and used in one round. */
export interface StackRound extends Omit<RoundOutcome, 'cpuSeconds'> {
  readonly cpuSeconds: {
    /** The load processes: the application, its session library and the loop around them. */
    readonly app: number;
    /** The sidecar, or the server in its place; 0 where there is none. */
    readonly server: number;
    readonly redis: number;
  };
}

/** A side with servers of its own, filled with sessions. */
export interface Stack {
  readonly redis: RedisServer | undefined;
  readonly server: GrpcServerProcess | undefined;
  /** What Redis's memory grew by when the sessions were stored, in bytes; 0 without Redis. */
  readonly storedBytes: number;
  run(round: Round): Promise<StackRound>;
  stop(): Promise<void>;
}

export interface StackOptions {
  readonly side: SideName;
  readonly size: Size;
  readonly sessions: number;
  /** How long the side is under load before it is handed out. */
  readonly warmUpMs: number;
  /** Writes CPU profiles of the sidecar and of the load processes. */
  readonly profile: boolean;
}

export async function startStack({ side, size, sessions, warmUpMs, profile }: StackOptions): Promise<Stack> {
  const profileOf = (process: string) => (profile ? `${side}-${size}-${process}` : undefined);
  const wanted = serversOf[side];
  const redis = wanted.redis ? await startRedis() : undefined;
  const server = await startGrpcServer(wanted.grpc, redis, size, profileOf('server'));
  const loads = Array.from({ length: wanted.loads }, (_, n) => startLoad(profileOf(`load-${n}`)));
  const target = { redisPort: redis?.port ?? 0, address: server?.address ?? '' };
  const each = <T>(work: (load: (typeof loads)[number]) => Promise<T>): Promise<T[]> => Promise.all(loads.map(work));

  await each((load) => load.request('start', { side, target }));
  // What Redis takes once, for example for scripts, is taken with the first sessions, which are then replaced.
  await each((load) => load.request('fill', { count: 10, size }));
  const before = await usedMemory(redis);
  await each((load) => load.request('fill', { count: Math.ceil(sessions / loads.length), size }));
  const storedBytes = (await usedMemory(redis)) - before;

  const stack: Stack = {
    redis,
    server,
    storedBytes,
    async run(round) {
      const cpuBefore = [server, redis].map(cpuOf);
      const outcomes = await each((load) =>
        load.request('round', { ...round, inFlight: Math.ceil(round.inFlight / loads.length) }),
      );
      const [serverCpu = 0, redisCpu = 0] = [server, redis].map((process, n) => cpuOf(process) - cpuBefore[n]!);
      const { cpuSeconds: app, ...outcome } = together(outcomes);
      return { ...outcome, cpuSeconds: { app, server: serverCpu, redis: redisCpu } };
    },
    async stop() {
      await each((load) => load.request('close', {}));
      await server?.stop();
      await redis?.stop();
    },
  };
  await stack.run({ inFlight: 64, writeShare: wanted.writes ? 0.1 : 0, milliseconds: warmUpMs });
  return stack;
}

async function startGrpcServer(
  kind: Servers['grpc'],
  redis: RedisServer | undefined,
  size: Size,
  profile: string | undefined,
): Promise<GrpcServerProcess | undefined> {
  switch (kind) {
    case undefined:
      return undefined;
    case 'echo':
      return startEcho(await sampleReply(size));
    case 'sidecar':
    case 'sidecar-near': {
      const nearCache = kind === 'sidecar-near';
      const sidecar = await startSidecar({ redisPort: redis?.port, nearCache, profile });
      await untilReady(sidecar);
      return sidecar;
    }
  }
}

/** The bytes of a GetSession response, as a sidecar gives them. */
async function sampleReply(size: Size): Promise<Buffer> {
  const sidecar = await startSidecar({});
  const sessions = new SessionClient<Shop>({ address: sidecar.address });
  const session = sessions.create();
  session.update(shopSession(0, size));
  await session.save();
  sessions.close();

  const raw = new Client(sidecar.address, credentials.createInsecure());
  const { path, requestSerialize } = SessionServiceService.getSession;
  const asIs = (bytes: Buffer): Buffer => bytes;
  const reply = await new Promise<Buffer>((resolve, reject) => {
    raw.makeUnaryRequest(path, requestSerialize, asIs, { token: session.token! }, (error, bytes) =>
      error ? reject(error) : resolve(bytes!),
    );
  });
  raw.close();
  await sidecar.stop();
  return reply;
}

async function usedMemory(redis: RedisServer | undefined): Promise<number> {
  if (redis === undefined) return 0;
  const info = await redis.admin.info('memory');
  const figure = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1]);
  // Buffers of connections are as large as the last commands were.
  return figure('used_memory') - figure('mem_clients_normal');
}

function cpuOf(process: { readonly pid: number } | undefined): number {
  return process === undefined ? 0 : cpuSecondsOf(process.pid);
}

/** Several load processes as one. Their percentiles cannot be added; the slowest stands for all. */
function together(outcomes: readonly RoundOutcome[]): RoundOutcome {
  const sum = (pick: (outcome: RoundOutcome) => number) => outcomes.map(pick).reduce((a, b) => a + b, 0);
  const highest = (pick: (outcome: RoundOutcome) => number) => Math.max(...outcomes.map(pick));
  const firstFailure = outcomes.find((outcome) => outcome.firstFailure !== undefined)?.firstFailure;
  return {
    operations: sum(({ operations }) => operations),
    failed: sum(({ failed }) => failed),
    ...(firstFailure !== undefined && { firstFailure }),
    seconds: highest(({ seconds }) => seconds),
    cpuSeconds: sum(({ cpuSeconds }) => cpuSeconds),
    latencyUs: {
      p50: highest(({ latencyUs }) => latencyUs.p50),
      p90: highest(({ latencyUs }) => latencyUs.p90),
      p99: highest(({ latencyUs }) => latencyUs.p99),
    },
  };
}
