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
import { childEnvironment, patienceMs, stop, track, within } from './children';
import type { LoadCommands } from './load-protocol';
import type { AppCommands } from './express-app-protocol';
import { startForeignWorker } from './foreign-worker';
import { loadProgram } from './languages';
import type { Language } from './languages';
import { startWorker } from './worker';
import type { Worker } from './worker';

/** The processes that the benchmark starts, and no others: each listens on loopback, on a port that was free. */

const root = join(__dirname, '..', '..');
export const resultsDirectory = join(root, 'bench', 'results');
export const sidecarMain = join(root, 'server', 'dist', 'main.js');

export interface RunningProcess {
  readonly pid: number;
  stop(): Promise<void>;
}

export interface RedisServer extends RunningProcess {
  readonly port: number;
  /** A connection for looking at what is stored. */
  readonly admin: Redis;
}

/** @param more arguments; those of a Cluster take the port above by 10,000, too */
export async function startRedis(more: readonly string[] = []): Promise<RedisServer> {
  const port = await freePort();
  // Keeps everything in memory: no file is ever written.
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
  ];
  const child = track(
    spawn('redis-server', [...options, '--loglevel', 'warning', ...more], { stdio: ['ignore', 'ignore', 'inherit'] }),
  );
  const failed = once(child, 'error').then(([error]) => {
    throw new Error('redis-server could not be started; see README.md on how to install it.', { cause: error });
  });
  const admin = new Redis({ host: '127.0.0.1', port, retryStrategy: () => 20, maxRetriesPerRequest: null });
  admin.on('error', () => undefined);
  const info = await within(Promise.race([admin.info('server'), failed]), 'redis-server to answer');
  // Between finding a free port and using it, somebody else's server may have taken it.
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
  /** From before the process was made until it said that it serves. */
  readonly servingAfterMs: number;
  /** How the process ended by itself, such as `SIGABRT` or `exit code 1`; `undefined` while it runs. */
  readonly ending: string | undefined;
  /** What it has written to its log so far. Counted where the sidecar is {@link SidecarOptions.isAttacked attacked}. */
  readonly loggedBytes: number;
  /** Ends it without letting it finish anything. */
  kill(): Promise<void>;
}

export interface SidecarOptions {
  /** `undefined`: the memory store. */
  readonly redisPort?: number | undefined;
  /** Of servers of a Redis Cluster, in place of {@link redisPort}. */
  readonly clusterPorts?: readonly number[];
  /** Default: without. */
  readonly nearCache?: boolean;
  /** The name of the CPU profile to write; `undefined`: none. */
  readonly profile?: string | undefined;
  /** Limits, timeouts and sizes are the defaults, and the log is counted in place of shown. Default: false. */
  readonly isAttacked?: boolean;
  /** Most files and sockets that it may have open. Default: as many as this process. */
  readonly openFiles?: number | undefined;
}

export async function startSidecar(options: SidecarOptions): Promise<SidecarProcess> {
  const { redisPort, clusterPorts, nearCache = false, profile, isAttacked = false, openFiles } = options;
  const command = [process.execPath, ...nodeFlags(), ...profiling(profile), sidecarMain];
  const [program = '', ...args] = openFiles === undefined ? command : withOpenFiles(openFiles, command);
  const began = performance.now();
  const child = track(
    spawn(program, args, {
      // Nothing of this process's environment, so that all settings are the defaults but for these.
      env: {
        SESSION_SIDECAR_GRPC_ADDRESS: '127.0.0.1:0',
        SESSION_SIDECAR_HTTP_ADDRESS: '127.0.0.1:0',
        SESSION_SIDECAR_SIGNING_KEYS: signingKey(),
        ...(!isAttacked && generousSettings),
        ...(redisPort !== undefined && { SESSION_SIDECAR_REDIS_URL: `redis://127.0.0.1:${redisPort}` }),
        ...(clusterPorts && {
          SESSION_SIDECAR_REDIS_CLUSTER_NODES: clusterPorts.map((port) => `127.0.0.1:${port}`).join(),
        }),
        ...(nearCache && { SESSION_SIDECAR_NEAR_CACHE: '64MiB' }),
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
  // A machine that stalls shall show in the latencies, not in calls that failed.
  SESSION_SIDECAR_REDIS_COMMAND_TIMEOUT: '10s',
  SESSION_SIDECAR_REDIS_MAX_SILENCE: '10s',
  SESSION_SIDECAR_MEMORY_STORE_SIZE: '2GiB',
};

/** The shell sets the limit, hard too, since Node.js raises the soft one, and becomes the command. */
function withOpenFiles(most: number, command: readonly string[]): string[] {
  return ['/bin/sh', '-c', `ulimit -n ${most} && exec "$@"`, 'sh', ...command];
}

/** Those of the first line of the program, so that what is measured is what the command `session-sidecar` starts. */
function nodeFlags(): string[] {
  const [firstLine = ''] = readFileSync(sidecarMain, 'utf8').split('\n', 1);
  return firstLine.split(' ').filter((word) => word.startsWith('--'));
}

let key: string | undefined;

/** One for all sidecars of a run, so that each takes the tokens of the others. */
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
      reject(new Error(`The sidecar ended with exit code ${String(code)} before it served.`));
    });
  });
}

/** Waits until the sidecar reports itself ready, which it is once it has reached Redis. */
export async function untilReady({ httpUrl }: SidecarProcess): Promise<void> {
  const deadline = Date.now() + patienceMs;
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

/** The process that attacks. */
export function startAttacker(): Worker<AttackerCommands> {
  return startWorker<AttackerCommands>('attacker.js');
}

/** A web application, on whichever sessions it is told to use. */
export function startApp(profile?: string): Worker<AppCommands> {
  return startWorker<AppCommands>('express-app.js', profiling(profile));
}

/** @param name of the profile that is written when the process ends; `undefined`: none */
function profiling(name: string | undefined): string[] {
  if (name === undefined) return [];
  return ['--cpu-prof', `--cpu-prof-dir=${resultsDirectory}`, `--cpu-prof-name=${name}.cpuprofile`];
}

/** Leaves room for the bus of a Redis Cluster, whose port is above by 10,000. */
async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    if (port + 10_000 < 65_536) return port;
  }
}
