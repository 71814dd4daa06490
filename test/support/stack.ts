import { mkdtempSync, rmSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, afterEach } from '@jest/globals';
import type { Clock } from '../../server/src/inspector/clock';
import type { Certificate } from './certificate';
import type { Collector } from './collector';
import type { CommandOptions } from './commands';
import type { FakePipeline, FakePipelineOptions } from './fake-pipeline';
import type { Answers, FakeSidecar } from './fake-sidecar';
import { startLineProgram } from './line-program';
import type { LineProgram } from './line-program';
import { until } from './poll';
import { asVariables, killGroup, onRedis, startCommand, startProcess, untilReady, untilServing } from './process';
import type { ProcessOptions, ServingProcess, SidecarProcess } from './process';
import type { Prometheus, PrometheusOptions } from './prometheus';
import type { RedisServer, RedisServerOptions } from './redis';
import type { RedisCluster, RedisClusterOptions } from './redis-cluster';
import type { Sentinel } from './redis-sentinel';
import type { LogLevel, Sidecar } from './sidecar';
import { TcpProxy } from './tcp-proxy';
import type { Endpoint } from './tcp-proxy';
import type { TlsRedisServer } from './tls-redis';

/** Options of every sidecar, in this process or in its own. */
interface Settings {
  /** The store of the sessions. Default: the sidecar's memory. */
  readonly redis?: { readonly url: string } | undefined;
  /** Settings without `SESSION_SIDECAR_`: `{ IDLE_TIMEOUT: '1s' }`. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** Environment variables by their full name. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether to wait until the store is ready. Default: yes. */
  readonly awaitReady?: boolean;
}

export interface SidecarOptions extends Settings {
  /** Default: a free port. */
  readonly address?: string | undefined;
  /** The minimum level of the lines in {@link Sidecar.log}. Default: nothing is logged. */
  readonly logLevel?: LogLevel | undefined;
  /** The clock of the inspector's charts. Default: the system's. */
  readonly inspectorClock?: Clock | undefined;
}

export type SidecarProcessOptions = Settings & ProcessOptions;

/**
 * Starts everything that a test runs against, and ends it with the test, in reverse order. Pass anything else that must be closed
 * to {@link use}, and any other cleanup to {@link defer}.
 *
 * What it starts is imported when it is started: jest loads modules anew for each test file, those of the sidecar in half a second.
 */
export class Stack {
  readonly #endings: (() => unknown)[] = [];
  readonly #thawing: (() => void)[] = [];

  /** Returns a thing that is closed at the end. */
  use<T extends { close(): unknown }>(thing: T): T {
    this.defer(() => thing.close());
    return thing;
  }

  /** Runs functions at the end, the last first. */
  defer(...endings: readonly (() => unknown)[]): void {
    this.#endings.push(...endings);
  }

  /** A redis-server on a free port and on a Unix socket. */
  async redis(options?: RedisServerOptions): Promise<RedisServer> {
    const { startRedis } = await import('./redis.js');
    return this.#server(await startRedis(options));
  }

  /** A redis-server that has caught up with its master. */
  async replica(master: RedisServer): Promise<RedisServer> {
    const { startReplica } = await import('./redis.js');
    return this.#server(await startReplica(master));
  }

  /** A redis-server that also listens with TLS. */
  async tlsRedis(): Promise<TlsRedisServer> {
    const { startTlsRedis } = await import('./tls-redis.js');
    return this.#server(await startTlsRedis());
  }

  /** @param quorum the number of Sentinels that must agree that the master is down */
  async sentinel(master: RedisServer, quorum?: number): Promise<Sentinel> {
    const { startSentinel } = await import('./redis-sentinel.js');
    const sentinel = await startSentinel(master, quorum);
    this.defer(() => sentinel.stop());
    return sentinel;
  }

  async redisCluster(options?: RedisClusterOptions): Promise<RedisCluster> {
    const { startRedisCluster } = await import('./redis-cluster.js');
    const cluster = await startRedisCluster(options);
    for (const node of [...cluster.nodes, ...cluster.replicas]) this.#server(node);
    return cluster;
  }

  #server<T extends RedisServer>(server: T): T {
    this.#thawing.push(() => server.thaw());
    this.defer(() => server.stop());
    return server;
  }

  /** A sidecar in this process. */
  async sidecar({
    redis,
    address,
    settings = {},
    logLevel,
    inspectorClock,
    awaitReady,
    ...options
  }: SidecarOptions = {}): Promise<Sidecar> {
    const start =
      awaitReady === false
        ? (await import('./sidecar.js')).startSidecar
        : (await import('./ready-sidecar.js')).startReadySidecar;
    const env = { ...asVariables(settings), ...options.env };
    return this.use(await start({ redisUrl: redis?.url, grpcAddress: address, env, logLevel, inspectorClock }));
  }

  /** The built program, on free ports unless settings say otherwise. Resolves when it serves. */
  async process({ redis, settings, awaitReady, ...options }: SidecarProcessOptions = {}): Promise<ServingProcess> {
    const free = { GRPC_ADDRESS: '127.0.0.1:0', HTTP_ADDRESS: '127.0.0.1:0' };
    const started = this.launch({ ...options, settings: { ...free, ...(redis && onRedis(redis)), ...settings } });
    const serving = await untilServing(started);
    if (redis !== undefined && awaitReady !== false) await untilReady(serving);
    return serving;
  }

  /** The built program, with no settings but those given. Does not wait until it serves. */
  launch(options?: ProcessOptions): SidecarProcess {
    const started = startProcess(options);
    this.defer(() => {
      started.child.kill('SIGKILL');
      return started.exit;
    });
    return started;
  }

  /** Another program. At the end, it is killed together with its child processes. */
  command(command: string, args: readonly string[], options?: CommandOptions): SidecarProcess {
    const started = startCommand(command, args, options);
    this.defer(() => {
      killGroup(started.child);
      return started.exit;
    });
    return started;
  }

  /** Another program that serves HTTP. Resolves to the first URL that it prints, which must be the one it listens on. */
  async webServer(command: string, args: readonly string[], options?: CommandOptions): Promise<string> {
    const server = this.command(command, args, options);
    const printed = () => Object.values(server.output()).join('\n');
    const ended = server.exit.then(() => {
      throw new Error(`The server ended before it listened: ${printed()}`);
    });
    const url = until('the server to listen', () => /http:\/\/127\.0\.0\.1:\d+/.exec(printed())?.[0]);
    await Promise.race([url, ended]);
    ended.catch(() => undefined);
    return url;
  }

  /** Another program, which the test converses with line by line. */
  lineProgram(command: string, args: readonly string[], options?: Omit<CommandOptions, 'input'>): LineProgram {
    return this.use(startLineProgram(command, args, options));
  }

  /** A gRPC server whose answers the test defines. */
  async fakeSidecar(answers: Answers, address?: string): Promise<FakeSidecar> {
    const { startFakeSidecar } = await import('./fake-sidecar.js');
    return this.use(await startFakeSidecar(answers, address));
  }

  /** A gRPC server whose Pipeline the test controls. */
  async fakePipeline(options?: FakePipelineOptions): Promise<FakePipeline> {
    const { startFakePipeline } = await import('./fake-pipeline.js');
    return this.use(await startFakePipeline(options));
  }

  /** A network in front of a server, which the test can break. */
  async proxy(target: Endpoint, at?: Endpoint): Promise<TcpProxy> {
    const proxy = await TcpProxy.start(target, at);
    this.#thawing.push(() => proxy.heal({ closeIgnored: true }));
    this.defer(() => proxy.stop());
    return proxy;
  }

  async collector(options?: { readonly holds?: boolean }): Promise<Collector> {
    const { startCollector } = await import('./collector.js');
    return this.use(await startCollector(options));
  }

  async prometheus(options: PrometheusOptions): Promise<Prometheus> {
    const { startPrometheus } = await import('./prometheus.js');
    const prometheus = await startPrometheus(options);
    this.defer(() => prometheus.stop());
    return prometheus;
  }

  /** Serves an Express app, or any other listener, over https if there is a certificate. Resolves to its URL. */
  async serve(listener: RequestListener, certificate?: Certificate): Promise<string> {
    const { serve } = await import('./browser.js');
    return this.use(await serve(listener, certificate)).url;
  }

  /** A Chromium without a window. */
  async chromium(): Promise<Browser> {
    const { startChromium } = await import('./chromium.js');
    return this.use(await startChromium());
  }

  /** The Chromium of a visitor who uses this folder again after a restart. */
  async chromiumIn(folder: string): Promise<BrowserContext> {
    const { startChromiumIn } = await import('./chromium.js');
    return this.use(await startChromiumIn(folder));
  }

  /** An empty folder, removed at the end. */
  directory(parent = tmpdir()): string {
    const path = mkdtempSync(join(parent, 'session-sidecar-test-'));
    this.defer(() => rmSync(path, { recursive: true, force: true }));
    return path;
  }

  /** Ends everything, even if some of it fails, and then throws the first failure. */
  async end(): Promise<void> {
    // First, because closing a client can wait for a frozen server.
    for (const thaw of this.#thawing.splice(0)) thaw();
    const failures: unknown[] = [];
    for (const ending of this.#endings.splice(0).reverse()) {
      try {
        await ending();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

/** A stack that ends after each test. */
export function stackForEachTest(): Stack {
  const stack = new Stack();
  afterEach(() => stack.end());
  return stack;
}

/** Gives a test a stack that ends with it. For tests that run side by side, for which jest runs no hook. */
export function withStack(body: (stack: Stack) => Promise<void>): () => Promise<void> {
  return async () => {
    const stack = new Stack();
    try {
      await body(stack);
    } finally {
      await stack.end();
    }
  };
}

/** A stack that ends after all tests of the file, or of the `describe` block that creates it. */
export function stackForAllTests(): Stack {
  const stack = new Stack();
  afterAll(() => stack.end());
  return stack;
}
