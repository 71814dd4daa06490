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
import type { AnswerOf, LoadCommand, LoadReply, OptionsOf } from './load-protocol';

/** The processes that the benchmark starts, and no others: each listens on loopback, on a port that was free. */

const root = join(__dirname, '..', '..');
export const resultsDirectory = join(root, 'bench', 'results');
export const sidecarMain = join(root, 'server', 'dist', 'main.js');

/** Longest that a process may take to start, stop or answer. */
const patienceMs = 120_000;

const running = new Set<ChildProcess>();

/** Makes sure that whatever ends this process, short of SIGKILL, ends those that it started. */
export function killChildrenOnExit(): void {
  process.once('exit', killChildren);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      killChildren();
      process.kill(process.pid, signal);
    });
  }
}

function killChildren(): void {
  for (const child of running) child.kill('SIGKILL');
}

function track(child: ChildProcess): ChildProcess {
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

export interface RunningProcess {
  readonly pid: number;
  stop(): Promise<void>;
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await within(exited, `process ${String(child.pid)} to stop`);
}

export interface RedisServer extends RunningProcess {
  readonly port: number;
  /** A connection for looking at what is stored. */
  readonly admin: Redis;
}

export async function startRedis(): Promise<RedisServer> {
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
    spawn('redis-server', [...options, '--loglevel', 'warning'], { stdio: ['ignore', 'ignore', 'inherit'] }),
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
}

export interface SidecarOptions {
  /** `undefined`: the memory store. */
  readonly redisPort?: number | undefined;
  /** Default: without. */
  readonly nearCache?: boolean;
  /** The name of the CPU profile to write; `undefined`: none. */
  readonly profile?: string | undefined;
}

export async function startSidecar({ redisPort, nearCache = false, profile }: SidecarOptions): Promise<SidecarProcess> {
  const flags = nodeFlags();
  const began = performance.now();
  const child = track(
    spawn(process.execPath, [...flags, ...profiling(profile), sidecarMain], {
      // Nothing of this process's environment, so that all settings are the defaults but for these.
      env: {
        SESSION_SIDECAR_GRPC_ADDRESS: '127.0.0.1:0',
        SESSION_SIDECAR_HTTP_ADDRESS: '127.0.0.1:0',
        SESSION_SIDECAR_SIGNING_KEYS: signingKey(),
        // A machine that stalls shall show in the latencies, not in calls that failed.
        SESSION_SIDECAR_REDIS_COMMAND_TIMEOUT: '10s',
        SESSION_SIDECAR_MEMORY_STORE_SIZE: '2GiB',
        ...(redisPort !== undefined && { SESSION_SIDECAR_REDIS_URL: `redis://127.0.0.1:${redisPort}` }),
        ...(nearCache && { SESSION_SIDECAR_NEAR_CACHE: '64MiB' }),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  );
  const { grpc, http } = await within(servingLine(child), 'the sidecar to serve');
  const servingAfterMs = performance.now() - began;
  return { pid: child.pid!, address: grpc[0]!, httpUrl: http, servingAfterMs, stop: () => stop(child, 'SIGTERM') };
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
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const event = JSON.parse(line) as ServingLine;
      if (event.msg === 'serving') resolve(event);
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

export interface LoadProcess {
  request<C extends LoadCommand>(command: C, options: OptionsOf<C>): Promise<AnswerOf<C>>;
}

export function startLoad(profile?: string): LoadProcess {
  const child = track(fork(join(__dirname, 'load.js'), { env: childEnvironment(), execArgv: profiling(profile) }));
  return {
    async request(command, options) {
      const reply = new Promise<LoadReply>((resolve, reject) => {
        const onExit = (code: number | null): void => {
          reject(new Error(`A load process ended with exit code ${String(code)}.`));
        };
        child.once('exit', onExit);
        child.once('message', (message) => {
          child.off('exit', onExit);
          resolve(message as LoadReply);
        });
      });
      child.send({ command, options });
      const answer = await within(reply, `a load process to ${command}`);
      if (command === 'close' && child.exitCode === null) await within(once(child, 'exit'), 'a load process to end');
      if ('error' in answer) throw new Error(`A load process could not ${command}: ${answer.error}`);
      return answer.answer as AnswerOf<typeof command>;
    },
  };
}

/** Settings of whoever runs the benchmark, such as NODE_OPTIONS, must not reach what is measured. */
function childEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], NODE_ENV: 'production' };
}

/** @param name of the profile that is written when the process ends; `undefined`: none */
function profiling(name: string | undefined): string[] {
  if (name === undefined) return [];
  return ['--cpu-prof', `--cpu-prof-dir=${resultsDirectory}`, `--cpu-prof-name=${name}.cpuprofile`];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${patienceMs / 1000} s for ${what}.`)), patienceMs);
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
