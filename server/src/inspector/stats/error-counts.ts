import type { CallFailure } from '../../rpc/failure-reports';
import type { Reading } from './reading';

/** Failures of one kind. Every text comes from a closed set: no key, value, token or message of Redis. */
export interface ErrorCount {
  /** What failed: an RPC, a command of the store, or a limit of the gRPC server. */
  readonly kind: 'call' | 'store' | 'refusal';
  readonly name: string;
  readonly reason: string;
  readonly count: number;
  /** When it was last seen, in ms since 1970. Those of the store and of refusals are seen at the next sample. */
  readonly lastAt: number;
}

/** Counts failures by kind. Their number is bounded, because names and reasons come from closed sets. */
export class ErrorCounts {
  readonly #counts = new Map<string, ErrorCount>();
  readonly #now: () => number;

  /** @param now in ms since 1970 */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The newest first. */
  list(): readonly ErrorCount[] {
    return [...this.#counts.values()].sort((one, other) => other.lastAt - one.lastAt);
  }

  readonly callFailed = ({ method, status, reason = status }: CallFailure): void => {
    const known = this.#counts.get(keyOf('call', method, reason));
    this.#set({ kind: 'call', name: method, reason, count: (known?.count ?? 0) + 1, lastAt: this.#now() });
  };

  /** Takes over what the metrics have counted since the last reading. */
  read({ at, refusals, storeErrors }: Reading): void {
    for (const [limit, count] of refusals) this.#counted('refusal', limit, 'limit reached', count, at);
    for (const [labels, count] of storeErrors) {
      const [command = '', reason = ''] = labels.split(' ');
      this.#counted('store', command, reason, count, at);
    }
  }

  #counted(kind: ErrorCount['kind'], name: string, reason: string, count: number, at: number): void {
    if (count > (this.#counts.get(keyOf(kind, name, reason))?.count ?? 0))
      this.#set({ kind, name, reason, count, lastAt: at });
  }

  #set(counted: ErrorCount): void {
    this.#counts.set(keyOf(counted.kind, counted.name, counted.reason), counted);
  }
}

function keyOf(kind: ErrorCount['kind'], name: string, reason: string): string {
  return `${kind} ${name} ${reason}`;
}
