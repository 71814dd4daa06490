import type { ChangeSource } from '../transport/pipeline/change-listener';

/** How long a copy is trusted after the sidecar has confirmed that all changes were reported, in ms: the bound of staleness. */
export const maxStalenessMs = 1000;

/** A quarter of it, so that a late answer does not end live reads. */
export const confirmIntervalMs = 250;

/** Keeps what is subtracted from the clock above zero, however young the process is. */
const clockOrigin = 3_600_000;

/** Names the stream, and the time on it, in which every change was reported. */
export type Epoch = number;

/**
 * Whether a change to a session that was read would have been reported. Requests confirmation from the sidecar four times a
 * second, but only while sessions are read.
 */
export class Liveness {
  readonly #source: ChangeSource;
  #epoch: Epoch = 0;
  /** By `performance.now()`. */
  #trustedUntil = -Infinity;
  #isUsed = false;
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(source: ChangeSource) {
    this.#source = source;
  }

  /** Whether every change since the read that began in `epoch` was reported, except for those of the last {@link maxStalenessMs}. */
  covers(epoch: Epoch, now: number): boolean {
    this.#noteUse();
    return epoch === this.#epoch && now < this.#trustedUntil;
  }

  isCurrent(epoch: Epoch | undefined): boolean {
    return epoch === this.#epoch;
  }

  /** To be called before a session is read. @returns `undefined` until the sidecar has confirmed that it reports changes */
  begin(): Epoch | undefined {
    this.#noteUse();
    return this.#trustedUntil === -Infinity ? undefined : this.#epoch;
  }

  streamOpened(): void {
    if (this.#timer !== undefined) this.#request();
  }

  /** @param clock as it was requested with, or earlier */
  confirmed(clock: number): void {
    this.#trustedUntil = Math.max(this.#trustedUntil, clock - clockOrigin + maxStalenessMs);
  }

  /** Changes may have gone unreported. What was read before is not covered any more. */
  lose(): void {
    this.#epoch += 1;
    this.#trustedUntil = -Infinity;
  }

  /** For good. */
  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.lose();
  }

  #noteUse(): void {
    this.#isUsed = true;
    if (this.#timer !== undefined || this.#isStopped) return;
    this.#request();
    this.#timer = setInterval(() => {
      if (this.#isUsed) {
        this.#isUsed = false;
        this.#request();
      } else {
        clearInterval(this.#timer);
        this.#timer = undefined;
      }
    }, confirmIntervalMs).unref();
  }

  #request(): void {
    this.#source.confirm(Math.floor(performance.now()) + clockOrigin);
  }
}
