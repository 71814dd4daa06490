import type { SessionClient, SessionEvent, WatchOptions } from '@session-sidecar/client';
import { until } from './poll';
import type { Stack } from './stack';

/** A consumer of events that collects what it gets. */
export class Watching {
  readonly events: SessionEvent[] = [];
  /** Why it ended. */
  error: unknown;
  readonly #iterator: AsyncGenerator<SessionEvent, void>;
  readonly #stop = new AbortController();
  readonly ended: Promise<void>;

  private constructor(client: SessionClient<never>, options: WatchOptions, onReady: () => void) {
    this.#iterator = client.watch({ signal: this.#stop.signal, ...options, onReady });
    this.ended = this.#collect();
  }

  /** Resolves when watching has begun, or has failed. */
  static async start(stack: Stack, client: unknown, options: WatchOptions = {}): Promise<Watching> {
    let isReady = false;
    const watching = new Watching(client as SessionClient<never>, options, () => {
      isReady = true;
    });
    stack.defer(() => watching.stop());
    await until('watching to begin', () => isReady || watching.error !== undefined);
    return watching;
  }

  /** `<type> <subject>` of each event. */
  get texts(): readonly string[] {
    return this.events.map(({ type, subject }) => `${type} ${subject ?? '-'}`);
  }

  /** Waits for an event, and returns it. */
  async event(type: SessionEvent['type'], handle: string | undefined): Promise<SessionEvent> {
    return until(`${type} of ${handle}`, () =>
      this.events.find((event) => event.type === type && event.handle === handle),
    );
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.ended;
  }

  async #collect(): Promise<void> {
    try {
      for await (const event of this.#iterator) this.events.push(event);
    } catch (error) {
      this.error = error;
    }
  }
}
