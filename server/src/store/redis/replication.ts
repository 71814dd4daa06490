import type { Redis } from 'ioredis';
import { notReplicated } from '../../session/errors';

export interface ReplicationOptions {
  /** Number of replicas that must confirm a change before it is acknowledged. */
  readonly replicas: number;
  /** How long they may take, in ms. Shorter than the command timeout, because it blocks the connection. */
  readonly timeoutMs: number;
}

/** The state at the moment at which a change was sent. */
export interface Sent {
  readonly client: Redis;
  readonly stream: Redis['stream'];
  /** The wait in flight at that moment, which does not cover the change. */
  readonly wait: Promise<number> | undefined;
}

/**
 * Waits until replicas have confirmed a change (https://redis.io/docs/latest/commands/wait/). Changes that are acknowledged while a
 * wait is in flight share it if they were sent before it: WAIT covers everything earlier on the same connection.
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
   * @throws SessionError STORE_UNAVAILABLE if too few replicas confirmed it in time
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
