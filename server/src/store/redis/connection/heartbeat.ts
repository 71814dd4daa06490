import type { Redis } from 'ioredis';
import { newGeneration } from '../../../session/etag';
import type { Generation } from '../../../session/etag';
import { codeOf } from '../redis-errors';
import { RedisClock } from './redis-clock';
import type { Server } from './redis-connection';

/** Half of the silence that a connection survives by default, so that a healthy one is never silent for so long. */
const intervalMs = 250;

/**
 * What any change needs: an answer from a server that takes writes. It needs no memory, as reading and logging out need none,
 * and touches no key.
 */
const script = "#!lua flags=allow-oom\nreturn redis.call('TIME')";

/** Why a server cannot be used that says nothing. */
export const noAnswer = 'no answer';

export interface HeartbeatListener {
  /** The server answered and takes writes. */
  onBeat(): void;
  /** @param reason the code of Redis's error reply, or {@link noAnswer} */
  onMiss(reason: string): void;
}

/**
 * Asks one server again and again, one question at a time, whether it can do its work, and what its clock says. With a command
 * always waiting for an answer, ioredis's `socketTimeout` bounds how long a dead connection is trusted.
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

  /** Names the time since the connection was made, or last did not answer as a master does. */
  get generation(): Generation {
    return this.#generation;
  }

  /** Asks now, or waits for the answer to the question that was asked last. Never rejects. */
  beat(): Promise<void> {
    this.#beating ??= this.#ask().finally(() => {
      this.#beating = undefined;
    });
    return this.#beating;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A server that was no master for a while may have taken over the sessions of another, with other states of the same versions. */
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
      // What became of a connection that is gone says nothing about the one in its place.
      if (this.#client.stream !== stream) return;
      const reason = codeOf(error) ?? noAnswer;
      this.#renewGeneration();
      this.#listener.onMiss(reason);
      // The answer is awaited without a pause, so that it is known at once when there is one again.
      if (reason === noAnswer) setImmediate(() => void this.beat());
    }
  }
}

/** A server, as far as its heartbeat knows it. */
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
