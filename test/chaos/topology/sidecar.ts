import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../support/poll';
import { startProcess } from '../../support/process';
import type { SidecarProcess } from '../../support/process';
import { freeAddress, freePort } from '../../support/free-port';
import type { SubjectLimit } from '../history';
import { track } from './children';
import { KeyFile } from './key-file';
import { TcpProxy } from '../../support/tcp-proxy';
import type { Endpoint } from '../../support/tcp-proxy';

/** How to start sidecars. */
export interface SidecarSetup {
  /** The program to start: `server/dist/main.js` of this build or of another. */
  readonly program: string;
  readonly nearCache: boolean;
  readonly touchIntervalMs: number;
  /** The kind of socket that the sidecars listen on, in turn. */
  readonly sockets: readonly ('tcp' | 'unix')[];
  /** Whether clients connect through a proxy. */
  readonly clientProxy?: boolean;
  /** A file for `--require` that makes it possible to shift the wall clock. */
  readonly clockPreload?: string | undefined;
  readonly subjectLimit?: SubjectLimit | undefined;
  /** Whether it serves operators. */
  readonly operator: boolean;
  /** The keys to encrypt with; the first one encrypts. Default: none. */
  readonly encryptionKeys?: readonly string[] | undefined;
}

/** How long a sidecar may take to start, in ms. Generous, because the machine may be busy. */
const startTimeoutMs = 90_000;

/** Shared, so that all sidecars accept each other's tokens. */
const signingKey = Buffer.alloc(32, 'chaos').toString('base64');

/** A sidecar at a fixed address, whose process can be replaced. */
export class Sidecar {
  readonly name: string;
  /** The proxy between clients and sidecar, if there is one. */
  readonly clientProxy: TcpProxy | undefined;
  readonly httpUrl: string;
  /** The keys that it encrypts with, if it does. */
  readonly keys: KeyFile | undefined;
  readonly #setup: SidecarSetup;
  readonly #redis: Readonly<Record<string, string>>;
  readonly #directory: string;
  readonly #endpoint: Endpoint;
  #process: SidecarProcess | undefined;

  private constructor(
    name: string,
    setup: SidecarSetup,
    redis: Readonly<Record<string, string>>,
    places: { directory: string; endpoint: Endpoint; httpUrl: string; clientProxy: TcpProxy | undefined },
  ) {
    this.name = name;
    this.#setup = setup;
    this.#redis = redis;
    this.#directory = places.directory;
    this.#endpoint = places.endpoint;
    this.httpUrl = places.httpUrl;
    this.clientProxy = places.clientProxy;
    this.keys = setup.encryptionKeys && new KeyFile(this, join(places.directory, 'keys'), setup.encryptionKeys);
    writeFileSync(this.#clockFile, '0');
  }

  /**
   * Starts it and waits until it is ready.
   *
   * @param redis the settings of the store, without `SESSION_SIDECAR_`
   */
  static async start(index: number, setup: SidecarSetup, redis: Readonly<Record<string, string>>): Promise<Sidecar> {
    const directory = mkdtempSync(join(tmpdir(), 'session-sidecar-chaos-'));
    const isUnix = setup.sockets[index % setup.sockets.length] === 'unix';
    const place = async (file: string): Promise<Endpoint> =>
      isUnix ? { path: join(directory, file) } : { host: '127.0.0.1', port: await freePort() };
    const endpoint = await place('grpc.sock');
    const sidecar = new Sidecar('ab'[index] ?? String(index), setup, redis, {
      directory,
      endpoint,
      httpUrl: `http://${await freeAddress()}`,
      clientProxy: setup.clientProxy ? await TcpProxy.start(endpoint, await place('proxy.sock')) : undefined,
    });
    await sidecar.start();
    return sidecar;
  }

  /** The address for clients. */
  get address(): string {
    return addressOf(this.clientProxy?.listensAt ?? this.#endpoint);
  }

  /** The address of the service for operators. */
  get adminAddress(): string | undefined {
    return this.#setup.operator ? `unix:${join(this.#directory, 'admin.sock')}` : undefined;
  }

  get pid(): number | undefined {
    return this.#process?.child.pid;
  }

  /** The end of its log, to find out why a promise was broken. */
  get output(): string {
    const { stdout = '', stderr = '' } = this.#process?.output() ?? {};
    return (stdout + stderr).slice(-20_000);
  }

  get #clockFile(): string {
    return join(this.#directory, 'clock');
  }

  /** Starts a process, and waits until it is ready. */
  async start(): Promise<void> {
    const { program, nearCache, touchIntervalMs, clockPreload, subjectLimit } = this.#setup;
    const started = startProcess({
      program,
      settings: {
        GRPC_ADDRESS: addressOf(this.#endpoint),
        HTTP_ADDRESS: new URL(this.httpUrl).host,
        SIGNING_KEYS: signingKey,
        TOUCH_INTERVAL: `${touchIntervalMs}ms`,
        ...(nearCache ? { NEAR_CACHE: '16MiB' } : {}),
        ...(subjectLimit && {
          MAX_SESSIONS_PER_SUBJECT: String(subjectLimit.max),
          SUBJECT_LIMIT_ACTION: subjectLimit.action,
        }),
        ...(this.adminAddress !== undefined && { ADMIN_ADDRESS: this.adminAddress }),
        ...(this.keys && { ENCRYPTION_KEYS_FILE: this.keys.path }),
        ...this.#redis,
      },
      env:
        clockPreload === undefined
          ? {}
          : { NODE_OPTIONS: `--require ${clockPreload}`, CHAOS_CLOCK_FILE: this.#clockFile },
    });
    track(started.child);
    this.#process = started;
    await until(`sidecar ${this.name} to be ready`, () => this.#isReady(started), startTimeoutMs);
  }

  async #isReady({ child, output }: SidecarProcess): Promise<boolean> {
    if (child.exitCode !== null) throw new Error(`The sidecar ended before it was ready: ${JSON.stringify(output())}`);
    try {
      return (await fetch(`${this.httpUrl}/readyz`, { signal: AbortSignal.timeout(1000) })).ok;
    } catch {
      return false;
    }
  }

  /** Sends a signal to the process, and does not wait. */
  signal(signal: NodeJS.Signals): void {
    this.#process?.child.kill(signal);
  }

  /** Waits for the end of the process. */
  async exited(): Promise<void> {
    await this.#process?.exit;
  }

  /** Kills the process, whatever its state, and starts another one. */
  async restart(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited();
    await this.start();
  }

  /** Shifts its wall clock by `ms` relative to the machine's. Requires `clockPreload`. */
  shiftClock(ms: number): void {
    writeFileSync(this.#clockFile, String(ms));
    this.signal('SIGUSR2');
  }

  async stop(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited();
    await this.clientProxy?.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function addressOf(endpoint: Endpoint): string {
  return 'path' in endpoint ? `unix:${endpoint.path}` : `${endpoint.host}:${endpoint.port}`;
}
