/** Sessions are spread over partitions by their handles, so that on a Cluster no single server records all events. */
export const partitionCount = 16;

/** The keys of the event log. Those of one partition are in one slot of a Cluster. */
export class EventKeys {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The sign that events are recorded, and the sidecar that keeps the log. */
  get presence(): readonly [sign: string, keeper: string] {
    return [this.#common('recorded'), this.#common('keeper')];
  }

  group(log: string, group: string): string {
    return this.#common(`${log}:group:${group}`);
  }

  /** How far the search for earlier sessions has come, for each server. */
  search(log: string): string {
    return this.#common(`${log}:search`);
  }

  events(log: string, partition: number): string {
    return this.#inPartition(log, partition, 'events');
  }

  /** The events, ends and sessions of a partition: what its scripts take. */
  partition(log: string, partition: number): readonly [events: string, ends: string, sessions: string] {
    const keyOf = (name: string): string => this.#inPartition(log, partition, name);
    return [keyOf('events'), keyOf('ends'), keyOf('sessions')];
  }

  session(handle: string): string {
    return this.#prefix + handle;
  }

  /** @returns `undefined` if the key is not that of a session */
  handleOf(key: string): string | undefined {
    const handle = key.slice(this.#prefix.length);
    return /^[\w-]{22}$/.test(handle) ? handle : undefined;
  }

  /** A pattern of SCAN for all keys. */
  get pattern(): string {
    return `${this.#prefix.replaceAll(/[*?[\]\\^-]/g, '\\$&')}*`;
  }

  #common(name: string): string {
    return `${this.#prefix}{events}:${name}`;
  }

  #inPartition(log: string, partition: number, name: string): string {
    return `${this.#prefix}{events:${partition}}:${log}:${name}`;
  }
}

/** Handles are random, or hashes. */
export function partitionOf(handle: string): number {
  return (Buffer.from(handle.slice(0, 2), 'base64url')[0] ?? 0) % partitionCount;
}
