import { setMaxListeners } from 'node:events';

/** The addresses of the attacked sidecar. */
export interface AttackTarget {
  /** `host:port` of gRPC. */
  readonly address: string;
  readonly httpUrl: string;
  /** `undefined` if the sidecar uses the memory store. */
  readonly redisPort: number | undefined;
}

/** Stores what the attack needs, and returns the attack itself, which runs until the assault ends. */
export type Attack = (target: AttackTarget) => Promise<(assault: Assault) => Promise<void>>;

/** The number of events by name, such as statuses of calls or connections. */
export type Tally = Readonly<Record<string, number>>;

interface Resource {
  once(event: 'close', listener: () => void): unknown;
  destroy(): unknown;
}

/** One attack from start to end. */
export class Assault {
  readonly #ending = new AbortController();
  readonly #open = new Set<Resource>();
  readonly #tally: Record<string, number> = {};

  constructor() {
    // Each connection listens for the end.
    setMaxListeners(Infinity, this.signal);
  }

  get isOver(): boolean {
    return this.#ending.signal.aborted;
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  get tally(): Tally {
    return this.#tally;
  }

  /** Counts an event, unless the assault has ended, because the end cuts off everything in flight. */
  count(what: string): void {
    if (this.isOver) return;
    this.#tally[what] = (this.#tally[what] ?? 0) + 1;
  }

  /** Records the largest count of something. */
  peak(what: string, count: number): void {
    this.#tally[what] = Math.max(this.#tally[what] ?? 0, count);
  }

  /** Closes a connection at the end of the assault. */
  own<T extends Resource>(resource: T): T {
    this.#open.add(resource);
    resource.once('close', () => this.#open.delete(resource));
    return resource;
  }

  end(): void {
    this.#ending.abort();
    for (const resource of this.#open) resource.destroy();
  }
}
