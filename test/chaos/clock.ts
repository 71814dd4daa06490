/** Milliseconds of CLOCK_MONOTONIC, which all processes of the machine share and which steps of the wall clock do not move. */
export type Instant = number;

export function now(): Instant {
  return Number(process.hrtime.bigint()) / 1e6;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
