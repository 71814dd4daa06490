/** Milliseconds of the machine's monotonic clock (CLOCK_MONOTONIC), which all its processes share and no clock step moves. */
export type Instant = number;

export function now(): Instant {
  return Number(process.hrtime.bigint()) / 1e6;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
