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

/** The connection to one server, named by its address or by Sentinels. */
export class SingleConnection implements RedisConnection {
  readonly client: Redis;
  readonly #health: PartHealth;
  readonly #heartbeat: Heartbeat;
  readonly #server: Server;
  readonly #sentinels: SentinelWatcher | undefined;
  /** Whether the server at the end of the present connection is known to take writes, or at least to answer. */
  #isProven = false;
  /** The switches that the Sentinels had announced when the present connection was begun. */
  #switchesBefore: number | undefined;
  /** What was last wrong with the connection, since it worked. */
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
        // A server that answers, though with an error, answers each call as well as it can.
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
      // ioredis gives up for good where it cannot even try.
      if (!this.#isClosed) setTimeout(() => this.#connect(), reconnectDelay(Infinity)).unref();
    });
    client.on('error', (error: Error) => {
      // ioredis would go on with database 0, which may be another application's.
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

  /** Another server is the master. */
  #follow(): void {
    // An attempt that has begun is judged when it is done: to end it now would end ioredis's attempts for good.
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
