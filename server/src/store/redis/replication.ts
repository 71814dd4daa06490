import type { Redis } from 'ioredis';
import { notReplicated } from '../../session/errors';

export interface ReplicationOptions {
  /** How many replicas must have a change before it is acknowledged. */
  readonly replicas: number;
  /** How long they may take, in ms. The connection does nothing else meanwhile, so it is less than a command may take. */
  readonly timeoutMs: number;
}

/** What is remembered of the moment at which a change was sent. */
export interface Sent {
  readonly client: Redis;
  readonly stream: Redis['stream'];
  /** The wait that was in flight, which the change came after. */
  readonly wait: Promise<number> | undefined;
}

/**
 * Waits until replicas have what was written (https://redis.io/docs/latest/commands/wait/). Changes that are acknowledged while
 * a wait is in flight share it if they were sent before it: a server answers for all that came by the same connection.
 */
export class Replication {
  readonly #options: ReplicationOptions;
  readonly #waits = new WeakMap<Redis, Promise<number>>();

  constructor(options: ReplicationOptions) {
    this.#options = options;
  }

  /** To be called when a change is sent. */
  sending(client: Redis): Sent {
    return { client, stream: client.stream, wait: this.#waits.get(client) };
  }

  /**
   * To be called when the change was acknowledged.
   *
   * @throws SessionError STORE_UNAVAILABLE when fewer replicas confirmed it in time
   */
  async confirm(sent: Sent): Promise<void> {
    const { replicas } = this.#options;
    const confirmed = sent.client.stream === sent.stream ? await this.#wait(sent) : 0;
    if (confirmed < replicas) throw notReplicated(confirmed, replicas);
  }

  #wait({ client, wait: tooEarly }: Sent): Promise<number> {
    const current = this.#waits.get(client);
    if (current !== undefined && current !== tooEarly) return current;
    const { replicas, timeoutMs } = this.#options;
    const wait = client.wait(replicas, timeoutMs).finally(() => {
      if (this.#waits.get(client) === wait) this.#waits.delete(client);
    });
    this.#waits.set(client, wait);
    return wait;
  }
}
