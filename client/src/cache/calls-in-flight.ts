import type { Epoch } from './liveness';

/** A call on a session that was not answered yet, and what was reported meanwhile. */
export interface AskedCall {
  /** When it was made, by `performance.now()`. */
  readonly at: number;
  /** In which every change since then is reported; `undefined`: changes might not be. */
  readonly epoch: Epoch | undefined;
  /** The highest version that was reported since: an answer that is older is out of date. Infinity: an unknown one. */
  reported: number;
}

/**
 * The calls in flight, by session. For each call by itself: with one note for a session, a session that is read all the time
 * would never be free of it.
 */
export class CallsInFlight {
  readonly #byKey = new Map<string, AskedCall[]>();

  begin(key: string, at: number, epoch: Epoch | undefined): AskedCall {
    const call: AskedCall = { at, epoch, reported: 0 };
    const calls = this.#byKey.get(key);
    if (calls === undefined) this.#byKey.set(key, [call]);
    else calls.push(call);
    return call;
  }

  /** @param version Infinity: unknown */
  changed(key: string, version: number): void {
    for (const call of this.#byKey.get(key) ?? []) call.reported = Math.max(call.reported, version);
  }

  end(key: string, call: AskedCall): void {
    const calls = this.#byKey.get(key);
    if (calls === undefined) return;
    const others = calls.filter((other) => other !== call);
    if (others.length === 0) this.#byKey.delete(key);
    else this.#byKey.set(key, others);
  }
}
