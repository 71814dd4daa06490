import type { Redis } from 'ioredis';
import type { StorePart } from '../../../session/session-store';
import type { RedisConnectionOptions } from './client-options';
import { reconnectDelay } from './client-options';
import { replaceCredentials } from './credentials';
import type { Credentials } from './credentials';
import { codeOf } from '../redis-errors';
import { Heartbeat, noAnswer, serverOf } from './heartbeat';
import { PartHealth } from './part-health';
import type { RedisConnection, RedisConnectionListener, Server } from './redis-connection';
import { watchSentinels } from './sentinel-watcher';
import type { SentinelWatcher } from './sentinel-watcher';

/** The connection to one server, at an address or behind Sentinels. */
export class SingleConnection implements RedisConnection {
  readonly client: Redis;
  readonly #health: PartHealth;
  readonly #heartbeat: Heartbeat;
  readonly #server: Server;
  readonly #sentinels: SentinelWatcher | undefined;
  /** Whether the server of the current connection is known to accept writes, or at least to answer. */
  #isProven = false;
  /** The number of announced switches when the current connection was started. */
  #switchesBefore: number | undefined;
  /** The last error of the connection since it worked. */
  #trouble: string | undefined;
  #isClosed = false;

  constructor(client: Redis, options: RedisConnectionOptions, listener: RedisConnectionListener) {
    this.client = client;
    this.#health = new PartHealth('redis', (ready) => {
      listener.onReady(ready);
    });
    this.#heartbeat = new Heartbeat(client, {
      onBeat: () => {
        this.#isProven = true;
        this.#trouble = undefined;
        this.#health.up();
      },
      onMiss: (reason) => {
        // A server that answers with an error can still answer some calls.
        this.#isProven = reason !== 'READONLY' && reason !== noAnswer;
        this.#health.down(reason);
      },
    });
    this.#server = serverOf(client, this.#heartbeat);
    this.#sentinels = options.mode === 'sentinel' ? watchSentinels(options, () => this.#follow()) : undefined;
    client.on('connecting', () => {
      this.#switchesBefore = this.#sentinels?.switches;
    });
    client.on('ready', () => {
      if (this.#leadsElsewhere()) client.disconnect(true);
      else void this.#heartbeat.beat();
    });
    client.on('close', () => {
      this.#isProven = false;
      this.#health.down(this.#trouble ?? 'connection closed');
    });
    client.on('end', () => {
      // ioredis stops reconnecting if an attempt cannot even start.
      if (!this.#isClosed) setTimeout(() => this.#connect(), reconnectDelay(Infinity)).unref();
    });
    client.on('error', (error: Error) => {
      // ioredis would continue with database 0, which may belong to another application.
      if (isFailedSelect(error)) client.disconnect(true);
      this.#trouble = (error as NodeJS.ErrnoException).code ?? codeOf(error) ?? noAnswer;
      listener.onTrouble(error);
    });
  }

  get parts(): readonly StorePart[] {
    return [this.#health];
  }

  get usable(): boolean {
    return this.#isProven && this.client.status === 'ready' && this.#sentinels?.isFailingOver !== true;
  }

  serverOf(): Server | undefined {
    return this.usable ? this.#server : undefined;
  }

  get servers(): readonly Server[] | undefined {
    return this.usable ? [this.#server] : undefined;
  }

  /** Another server has another generation. */
  layout(): Promise<string> {
    return Promise.resolve('');
  }

  /** Another server is the master. */
  #follow(): void {
    // An attempt in progress is checked when it completes: ending it now would stop ioredis's attempts for good.
    if (this.client.status !== 'connecting') this.client.disconnect(true);
  }

  #leadsElsewhere(): boolean {
    const sentinels = this.#sentinels;
    return (
      sentinels !== undefined &&
      (sentinels.switches !== this.#switchesBefore || !sentinels.mayServe(this.client.stream))
    );
  }

  #connect(): void {
    if (!this.#isClosed && this.client.status === 'end') this.client.connect().catch(() => {});
  }

  setCredentials(credentials: Credentials): void {
    replaceCredentials(this.client, credentials);
    this.#sentinels?.setCredentials(credentials);
  }

  close(): void {
    this.#isClosed = true;
    this.#heartbeat.stop();
    this.#sentinels?.close();
    this.client.disconnect();
  }
}

function isFailedSelect(error: Error & { readonly command?: { readonly name: string } }): boolean {
  return error.command?.name === 'select';
}
