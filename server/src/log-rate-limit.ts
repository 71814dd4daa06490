export interface LogRateLimitOptions {
  /** Maximum number of lines of one kind per interval. */
  readonly maxLines: number;
  readonly intervalMs: number;
  /** A monotonic clock, in ms. */
  readonly now: () => number;
}

/** Of one kind, since the beginning of the interval. */
interface Interval {
  ends: number;
  lines: number;
  suppressed: number;
}

/** What to do with a line; after `suppress first`, {@link LogRateLimit.countAtEnd} must be called. */
export type Verdict = 'write' | 'suppress' | 'suppress first';

/** More kinds than the sidecar logs. Kinds past this, which only texts of libraries can cause, count as one. */
const maxKinds = 500;

/**
 * Keeps the log readable and cheap while something fails repeatedly: a limited number of lines per kind and interval, then one line
 * with the number of suppressed ones. A suppressed line costs two look-ups and no memory.
 */
export class LogRateLimit {
  readonly #options: LogRateLimitOptions;
  /** By message, then by the name of the error that it reports. */
  readonly #kinds = new Map<string, Map<string, Interval>>();
  #kindCount = 0;
  #onSuppressed: () => void = () => {};

  constructor(options: LogRateLimitOptions) {
    this.#options = options;
  }

  /** @param listener is called for each suppressed line */
  onSuppressed(listener: () => void): void {
    this.#onSuppressed = listener;
  }

  /**
   * Counts a line.
   *
   * @param message the constant text of the line
   * @param errorName the name of the reported error; empty without one
   */
  verdict(message: string, errorName: string): Verdict {
    const { maxLines, intervalMs, now } = this.#options;
    const interval = this.#intervalOf(message, errorName);
    if (interval.suppressed === 0 && now() >= interval.ends) {
      interval.ends = now() + intervalMs;
      interval.lines = 0;
    }
    if (interval.lines < maxLines) {
      interval.lines += 1;
      return 'write';
    }
    interval.suppressed += 1;
    this.#onSuppressed();
    return interval.suppressed === 1 ? 'suppress first' : 'suppress';
  }

  /**
   * Begins the next interval of a kind when the present one ends.
   *
   * @param write writes the first line of the next interval, which has the number of suppressed lines
   */
  countAtEnd(message: string, errorName: string, write: (suppressed: number) => void): void {
    const { intervalMs, now } = this.#options;
    const interval = this.#intervalOf(message, errorName);
    setTimeout(() => {
      const { suppressed } = interval;
      Object.assign(interval, { ends: now() + intervalMs, lines: 1, suppressed: 0 });
      write(suppressed);
    }, interval.ends - now()).unref();
  }

  #intervalOf(message: string, errorName: string): Interval {
    const known = this.#kinds.get(message)?.get(errorName);
    if (known !== undefined) return known;
    if (this.#kindCount >= maxKinds && message !== '') return this.#intervalOf('', '');
    const created: Interval = { ends: -Infinity, lines: 0, suppressed: 0 };
    const byError = this.#kinds.get(message) ?? new Map<string, Interval>();
    this.#kinds.set(message, byError.set(errorName, created));
    this.#kindCount += 1;
    return created;
  }
}
