/** What istanbul's counters of one file look like; scripts/fuzz.mjs instruments the sources. */
interface FileCounters {
  s: ArrayLike<number>;
  f: ArrayLike<number>;
  b: Record<string, ArrayLike<number>>;
}

const buckets = [0, 1, 2, 4, 8, 8, 8, 8, 16, 16, 16, 16, 16, 16, 16, 16];

/**
 * Tells which inputs did something that none did before: executed another statement or branch, or one of them another order of
 * magnitude of times, as libFuzzer and AFL do.
 */
export class Coverage {
  readonly #counters: Uint32Array;
  /** For each counter, the orders of magnitude seen, as bits. */
  readonly #seen: Uint8Array;
  #steps = 0;

  /** @param sources paths or folders, relative to the repository; their modules must have been loaded */
  constructor(sources: readonly string[]) {
    const all = (globalThis as { __coverage__?: Record<string, FileCounters> }).__coverage__ ?? {};
    const files = Object.entries(all).filter(([path]) => sources.some((source) => path.startsWith(source)));
    if (files.length === 0 && sources.length > 0)
      throw new Error(`No instrumented source begins with ${sources.join()}.`);
    const lists = files.flatMap(([, { s, f, b }]) =>
      [s, f, ...Object.values(b)].map((list) => Object.values(list).length),
    );
    this.#counters = new Uint32Array(lists.reduce((sum, length) => sum + length, 0));
    this.#seen = new Uint8Array(this.#counters.length);
    this.#adopt(files.map(([, file]) => file));
  }

  /** Lets the instrumented code count in one array, which is fast to look through. */
  #adopt(files: readonly FileCounters[]): void {
    let at = 0;
    const place = (list: ArrayLike<number>): Uint32Array => {
      const { length } = Object.values(list);
      at += length;
      return this.#counters.subarray(at - length, at);
    };
    for (const file of files) {
      file.s = place(file.s);
      file.f = place(file.f);
      for (const branch of Object.keys(file.b)) file.b[branch] = place(file.b[branch]!);
    }
  }

  /** How many statements, functions and branches were executed between the last two calls of {@link takeNews}. */
  get steps(): number {
    return this.#steps;
  }

  /** Whether something is new since the last call. */
  takeNews(): boolean {
    const counters = this.#counters;
    const seen = this.#seen;
    let isNew = false;
    this.#steps = 0;
    for (let at = 0; at < counters.length; at += 1) {
      const count = counters[at]!;
      if (count === 0) continue;
      counters[at] = 0;
      this.#steps += count;
      const bucket = count < 16 ? buckets[count]! : count < 32 ? 32 : count < 128 ? 64 : 128;
      if ((seen[at]! & bucket) === 0) {
        seen[at]! |= bucket;
        isNew = true;
      }
    }
    return isNew;
  }
}
