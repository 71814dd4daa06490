import type { StorePart } from '../../session/session-store';

/**
 * Notices that a server was lost since the last time, even if it, or another one in its place, works again. A server that takes
 * the place of another one lacks what was not replicated.
 */
export class ServerChanges {
  readonly #parts: () => readonly StorePart[];
  #sinceByName: ReadonlyMap<string, number> = new Map();

  constructor(parts: () => readonly StorePart[]) {
    this.#parts = parts;
  }

  /** Whether one that worked at the last call has not worked all the time since. */
  occurred(): boolean {
    const ready = this.#parts().filter((part) => part.ready);
    const now = new Map(ready.map(({ name, since }) => [name, since]));
    const isLost = [...this.#sinceByName].some(([name, since]) => now.get(name) !== since);
    this.#sinceByName = now;
    return isLost;
  }
}
