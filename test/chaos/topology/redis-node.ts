import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { until } from '../../support/poll';
import { freePort } from '../../support/free-port';
import { track } from './children';

export interface RedisNodeOptions {
  /** More command line arguments. */
  readonly args?: readonly string[];
  /** Starts a Sentinel with this configuration file. */
  readonly sentinelConfig?: (port: number) => string;
}

/** A redis-server that can be killed and restarted with the same port and directory. */
export class RedisNode {
  readonly port: number;
  readonly directory: string;
  readonly socketPath: string;
  /** A connection for the checker's own commands. It reconnects. */
  readonly admin: Redis;
  readonly #options: RedisNodeOptions;
  #process: ChildProcess | undefined;
  #exited: Promise<unknown> = Promise.resolve();

  private constructor(port: number, options: RedisNodeOptions) {
    this.port = port;
    this.#options = options;
    this.directory = mkdtempSync(join(tmpdir(), 'session-sidecar-chaos-'));
    this.socketPath = join(this.directory, 'redis.sock');
    if (options.sentinelConfig) writeFileSync(join(this.directory, 'sentinel.conf'), options.sentinelConfig(port));
    this.admin = new Redis({
      ...(options.sentinelConfig ? { host: '127.0.0.1', port } : { path: this.socketPath }),
      lazyConnect: true,
      retryStrategy: () => 20,
      maxRetriesPerRequest: null,
      disconnectTimeout: 1,
    });
    this.admin.on('error', () => undefined);
  }

  static async start(options: RedisNodeOptions = {}): Promise<RedisNode> {
    // A cluster node also listens on the port 10,000 above.
    const node = new RedisNode(await freePort(), options);
    await node.start();
    return node;
  }

  /** What this server is, and the end of its log, to find out why a promise was broken. */
  get output(): string {
    const log = readFileSync(this.#logFile, 'utf8').slice(-20_000);
    return `${this.#options.sentinelConfig ? 'sentinel' : 'redis'} at port ${this.port}\n${log}\n`;
  }

  get #logFile(): string {
    return join(this.directory, 'redis.log');
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Waits until it answers. */
  async start(): Promise<void> {
    const { sentinelConfig, args = [] } = this.#options;
    const common = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.directory];
    const server = [...common, '--unixsocket', this.socketPath, '--save', '', ...args];
    const child = spawn(
      'redis-server',
      [
        ...(sentinelConfig ? [join(this.directory, 'sentinel.conf'), '--sentinel'] : server),
        '--logfile',
        this.#logFile,
      ],
      { stdio: 'ignore' },
    );
    this.#process = track(child);
    this.#exited = once(child, 'exit');
    await until('redis-server to answer', () => this.#answers());
    // Learns the roles of servers within a second instead of ten, so that the next failover need not wait for that.
    if (sentinelConfig) await this.admin.call('SENTINEL', 'DEBUG', 'INFO-PERIOD', '1000');
  }

  /** Kills it, so that it cannot save anything. */
  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#exited;
  }

  /** Shuts it down gracefully. */
  async terminate(): Promise<void> {
    this.#process?.kill('SIGTERM');
    await this.#exited;
  }

  /** Stops answering without closing connections. */
  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  /** Kills it and removes its directory. */
  async stop(): Promise<void> {
    this.admin.disconnect();
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #answers(): Promise<boolean> {
    try {
      await this.admin.ping();
      return true;
    } catch (error) {
      // A replica that has not synced yet has started, too.
      return /^(MASTERDOWN|NOAUTH)/.test((error as Error).message);
    }
  }
}
