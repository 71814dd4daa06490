/** The time that charts are drawn over. */
export interface Clock {
  /** In ms since 1970. */
  now(): number;
  /** Runs something again and again. @returns what ends it */
  every(milliseconds: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: Date.now,
  every: (milliseconds, run) => {
    const timer = setInterval(run, milliseconds).unref();
    return () => clearInterval(timer);
  },
};
