import type { Redis } from 'ioredis';
import { newGeneration } from '../../../session/etag';
import type { Generation } from '../../../session/etag';
import { codeOf } from '../redis-errors';
import { RedisClock } from './redis-clock';
import type { Server } from './redis-connection';

/** Half of the silence that a connection survives by default, so that a healthy one is never silent for so long. */
const intervalMs = 250;

/**
 * What every change needs: an answer from a server that accepts writes. It needs no memory, like reading and logging out, and
 * touches no key.
 */
const script = "#!lua flags=allow-oom\nreturn redis.call('TIME')";

/** The reason why a silent server cannot be used. */
export const noAnswer = 'no answer';

export interface HeartbeatListener {
  /** The server answered and accepts writes. */
  onBeat(): void;
  /** @param reason the code of Redis's error reply, or {@link noAnswer} */
  onMiss(reason: string): void;
}

/**
 * Checks one server periodically, one command at a time, and reads its clock. With a command always in flight, ioredis's
 * `socketTimeout` bounds how long a dead connection is trusted.
 */
export class Heartbeat {
  readonly clock = new RedisClock();
  readonly #client: Redis;
  readonly #listener: HeartbeatListener;
  readonly #timer: NodeJS.Timeout;
  #beating: Promise<void> | undefined;
  #generation = newGeneration();

  constructor(client: Redis, listener: HeartbeatListener) {
    this.#client = client;
    this.#listener = listener;
    this.#timer = setInterval(() => void this.beat(), intervalMs).unref();
    client.on('close', () => this.#renewGeneration());
  }

  /** Identifies the time since the connection was made, or last failed to answer as a master. */
  get generation(): Generation {
    return this.#generation;
  }

  /** Checks now, or waits for the check in flight. Never rejects. */
  beat(): Promise<void> {
    this.#beating ??= this.#ask().finally(() => {
      this.#beating = undefined;
    });
    return this.#beating;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A server that was a replica for a while may have the sessions of another, with other states of the same versions. */
  #renewGeneration(): void {
    this.#generation = newGeneration();
  }

  async #ask(): Promise<void> {
    if (this.#client.status !== 'ready') return;
    const { stream } = this.#client;
    const sentAt = performance.now();
    try {
      const [seconds, microseconds] = (await this.#client.eval(script, 0)) as [string, string];
      this.clock.observe(sentAt, performance.now(), Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000));
      this.#listener.onBeat();
    } catch (error) {
      // The outcome on a closed connection says nothing about its successor.
      if (this.#client.stream !== stream) return;
      const reason = codeOf(error) ?? noAnswer;
      this.#renewGeneration();
      this.#listener.onMiss(reason);
      // Without a pause, so that a recovery is detected at once.
      if (reason === noAnswer) setImmediate(() => void this.beat());
    }
  }
}

/** A server, as its heartbeat sees it. */
export function serverOf(client: Redis, heartbeat: Heartbeat): Server {
  return {
    client,
    clock: heartbeat.clock,
    beat: () => heartbeat.beat(),
    get generation() {
      return heartbeat.generation;
    },
  };
}
