import { fork, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import type { AttackerCommands } from './attacker-protocol';
import { childEnvironment, processTimeoutMs, stop, track, within } from './children';
import type { LoadCommands } from './load-protocol';
import { startForeignWorker } from './foreign-worker';
import { loadProgram } from './languages';
import type { Language } from './languages';
import { startWorker } from './worker';
import type { Worker } from './worker';

export const root = join(__dirname, '..', '..');
export const resultsDirectory = join(root, 'bench', 'results');
export const sidecarMain = join(root, 'server', 'dist', 'main.js');

export interface RunningProcess {
  readonly pid: number;
  stop(): Promise<void>;
}

export interface RedisServer extends RunningProcess {
  readonly port: number;
  /** A connection for the benchmark's own commands. */
  readonly admin: Redis;
}

/** @param more arguments, for example to join a Cluster, whose bus takes the port 10,000 above */
export async function startRedis(more: readonly string[] = []): Promise<RedisServer> {
  const port = await freePort();
  // Without any file: a write to disk would disturb the measurement.
  const options = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    tmpdir(),
    '--save',
    '',
    '--appendonly',
    'no',
    // A replica writes one nevertheless. Left there, it would be loaded by the servers of the next run.
    '--rdb-del-sync-files',
    'yes',
  ];
  const child = track(
    spawn('redis-server', [...options, '--loglevel', 'warning', ...more], { stdio: ['ignore', 'ignore', 'inherit'] }),
  );
  const failed = once(child, 'error').then(([error]) => {
    throw new Error('redis-server could not be started. README.md describes how to install it.', { cause: error });
  });
  const admin = new Redis({ host: '127.0.0.1', port, retryStrategy: () => 20, maxRetriesPerRequest: null });
  admin.on('error', () => undefined);
  const info = await within(Promise.race([admin.info('server'), failed]), 'redis-server to answer');
  // Another server may have taken the free port in the meantime.
  if (Number(/^process_id:(\d+)/m.exec(info)?.[1]) !== child.pid) {
    admin.disconnect();
    throw new Error(`Port ${port} was taken by another redis-server. Run the benchmark again.`);
  }
  return {
    port,
    pid: child.pid,
    admin,
    async stop() {
      admin.disconnect();
      await stop(child, 'SIGKILL');
    },
  };
}

export interface GrpcServerProcess extends RunningProcess {
  /** `host:port` */
  readonly address: string;
}

export interface SidecarProcess extends GrpcServerProcess {
  readonly httpUrl: string;
  /** The time from before the process was created until it reported that it serves. */
  readonly servingAfterMs: number;
  /** How the process ended, such as `SIGABRT` or `exit code 1`; `undefined` while it runs. */
  readonly ending: string | undefined;
  /** The size of its log so far. Complete only if the sidecar is {@link SidecarOptions.isAttacked attacked}. */
  readonly loggedBytes: number;
  /** Ends it with SIGKILL. */
  kill(): Promise<void>;
}

export interface SidecarOptions {
  /** Default: the memory store. */
  readonly redisPort?: number | undefined;
  /** The ports of the servers of a Redis Cluster, instead of {@link redisPort}. */
  readonly clusterPorts?: readonly number[];
  /** Default: false. */
  readonly nearCache?: boolean;
  /** Whether sessions are encrypted in Redis. Default: false. */
  readonly isEncrypted?: boolean;
  /** Whether each access is recorded, instead of one a minute. Default: false. */
  readonly recordsAllAccesses?: boolean;
  /** The name of a CPU profile to write. Default: none. */
  readonly profile?: string | undefined;
  /** Keeps the default limits, timeouts and sizes, and measures the log instead of showing it. Default: false. */
  readonly isAttacked?: boolean;
  /** The maximum number of open files and sockets. Default: that of this process. */
  readonly openFiles?: number | undefined;
}

export async function startSidecar(options: SidecarOptions): Promise<SidecarProcess> {
  const { redisPort, clusterPorts, nearCache = false, isEncrypted = false, recordsAllAccesses = false } = options;
  const { profile, isAttacked = false, openFiles } = options;
  const { variables, flags } = firstLine();
  const command = [process.execPath, ...flags, ...profiling(profile), sidecarMain];
  const [program = '', ...args] = openFiles === undefined ? command : withOpenFiles(openFiles, command);
  const began = performance.now();
  const child = track(
    spawn(program, args, {
      // Without this process's environment, so that all other settings have their defaults.
      env: {
        ...variables,
        SESSION_SIDECAR_GRPC_ADDRESS: '127.0.0.1:0',
        SESSION_SIDECAR_HTTP_ADDRESS: '127.0.0.1:0',
        SESSION_SIDECAR_SIGNING_KEYS: signingKey(),
        ...(!isAttacked && generousSettings),
        ...(redisPort !== undefined && { SESSION_SIDECAR_REDIS_URL: `redis://127.0.0.1:${redisPort}` }),
        ...(clusterPorts && {
          SESSION_SIDECAR_REDIS_CLUSTER_NODES: clusterPorts.map((port) => `127.0.0.1:${port}`).join(),
        }),
        ...(isEncrypted && { SESSION_SIDECAR_ENCRYPTION_KEYS: signingKey() }),
        ...(nearCache && { SESSION_SIDECAR_NEAR_CACHE: '64MiB' }),
        ...(recordsAllAccesses && { SESSION_SIDECAR_TOUCH_INTERVAL: '0s' }),
      },
      stdio: ['ignore', 'pipe', isAttacked ? 'pipe' : 'inherit'],
    }),
  );
  let loggedBytes = 0;
  for (const output of [child.stdout, child.stderr]) {
    output?.on('data', (text: Buffer) => {
      loggedBytes += text.length;
    });
  }
  const { grpc, http } = await within(servingLine(child), 'the sidecar to serve');
  const servingAfterMs = performance.now() - began;
  return {
    pid: child.pid!,
    address: grpc[0]!,
    httpUrl: http,
    servingAfterMs,
    get ending() {
      return child.signalCode ?? (child.exitCode === null ? undefined : `exit code ${child.exitCode}`);
    },
    get loggedBytes() {
      return loggedBytes;
    },
    stop: () => stop(child, 'SIGTERM'),
    kill: () => stop(child, 'SIGKILL'),
  };
}

const generousSettings = {
  // A machine that stalls must show up as latency, not as failed calls.
  SESSION_SIDECAR_REDIS_COMMAND_TIMEOUT: '10s',
  SESSION_SIDECAR_REDIS_MAX_SILENCE: '10s',
  SESSION_SIDECAR_MEMORY_STORE_SIZE: '2GiB',
};

/** Sets the limit in a shell, which then becomes the command. Sets the hard limit as well, because Node.js raises the soft one. */
function withOpenFiles(most: number, command: readonly string[]): string[] {
  return ['/bin/sh', '-c', `ulimit -n ${most} && exec "$@"`, 'sh', ...command];
}

/** The variables and the flags of Node.js in the program's first line, with which the command `session-sidecar` starts it. */
function firstLine(): { readonly variables: NodeJS.ProcessEnv; readonly flags: readonly string[] } {
  const words = readFileSync(sidecarMain, 'utf8').split('\n', 1)[0]!.split(' ');
  return {
    variables: Object.fromEntries(
      words.filter((word) => /^\w+=/.test(word)).map((word) => word.split('=', 2)),
    ) as NodeJS.ProcessEnv,
    flags: words.filter((word) => word.startsWith('--')),
  };
}

let key: string | undefined;

/** Shared by all sidecars of a run, so that they accept each other's tokens. */
function signingKey(): string {
  key ??= randomBytes(32).toString('base64');
  return key;
}

interface ServingLine {
  readonly msg: string;
  readonly grpc: readonly string[];
  readonly http: string;
}

function servingLine(child: ChildProcess): Promise<ServingLine> {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: child.stdout! });
    lines.on('line', (line) => {
      const event = JSON.parse(line) as ServingLine;
      if (event.msg !== 'serving') return;
      resolve(event);
      lines.close();
      // The process must not block on a full pipe.
      child.stdout!.resume();
    });
    child.once('exit', (code) => {
      reject(new Error(`The sidecar exited with code ${String(code)} before it served.`));
    });
  });
}

/** Waits until the sidecar is ready, which requires a connection to Redis. */
export async function untilReady({ httpUrl }: SidecarProcess): Promise<void> {
  const deadline = Date.now() + processTimeoutMs;
  while (!(await fetch(`${httpUrl}/readyz`)).ok) {
    if (Date.now() > deadline) throw new Error('The sidecar did not become ready.');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A bare grpc-js server that answers every GetSession with `reply`. */
export async function startEcho(reply: Buffer): Promise<GrpcServerProcess> {
  const child = track(fork(join(__dirname, 'echo-server.js'), { env: childEnvironment(), execArgv: [] }));
  child.send({ reply: reply.toString('base64') });
  const [{ address }] = (await within(once(child, 'message'), 'the echo server to listen')) as [{ address: string }];
  return { pid: child.pid!, address, stop: () => stop(child, 'SIGTERM') };
}

export type LoadProcess = Worker<LoadCommands>;

/** @param language Default: TypeScript */
export function startLoad(profile?: string, language?: Language): LoadProcess {
  if (language === undefined) return startWorker<LoadCommands>('load.js', profiling(profile));
  return startForeignWorker<LoadCommands>(loadProgram(language));
}

/** Starts the process that attacks a sidecar. */
export function startAttacker(): Worker<AttackerCommands> {
  return startWorker<AttackerCommands>('attacker.js');
}

/** The flags that write a CPU profile when the process ends; none without a name. */
export function profiling(name: string | undefined): string[] {
  if (name === undefined) return [];
  return ['--cpu-prof', `--cpu-prof-dir=${resultsDirectory}`, `--cpu-prof-name=${name}.cpuprofile`];
}

/** A free port. The one 10,000 above is valid as well, as the bus of a Redis Cluster requires. */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    if (port + 10_000 < 65_536) return port;
  }
}
