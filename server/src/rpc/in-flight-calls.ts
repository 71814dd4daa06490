import { draining } from './refusals';

/** Counts the calls in flight, so that a stopping sidecar can finish them and reject the rest. */
export class InFlightCalls {
  #inFlight = 0;
  #draining = false;
  #onIdle: (() => void) | undefined;

  get draining(): boolean {
    return this.#draining;
  }

  start(): void {
    this.#inFlight += 1;
  }

  /** @throws SessionError DRAINING once no new call is accepted */
  refuseWhenDraining(): void {
    if (this.#draining) throw draining();
  }

  finish(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#onIdle?.();
  }

  startDraining(): void {
    this.#draining = true;
  }

  /** Resolves when none is in flight. */
  async idle(): Promise<void> {
    while (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
  }
}
