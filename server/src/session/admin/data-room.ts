import { dataBytes } from '../content';
import type { LookupResult } from './session-lookup';

/** At least what a message adds to each key and value. */
const entryBytes = 16;

/** How much data a response has room for. The first session always has its own. */
export class DataRoom {
  #left: number;
  #isEmpty = true;

  /** @param bytes of keys and values */
  constructor(bytes: number) {
    this.#left = bytes;
  }

  get isFull(): boolean {
    return this.#left <= 0;
  }

  /** @returns the session without its data if that does not fit; then, no later one has its own */
  admit(result: LookupResult): LookupResult {
    if (result.status !== 'found') return result;
    const { data } = result.session;
    const bytes = dataBytes(data) + entryBytes * data.size;
    const fits = this.#isEmpty || (!this.isFull && bytes <= this.#left);
    this.#isEmpty = false;
    this.#left = fits ? this.#left - bytes : 0;
    if (fits) return result;
    return { ...result, status: 'data_omitted', session: { ...result.session, data: new Map() } };
  }
}
