import { SessionError } from '../session/errors';

/** The calls under way, so that a stopping sidecar can finish them and refuse the rest. */
export class Calls {
  #inFlight = 0;
  #draining = false;
  #onIdle: (() => void) | undefined;

  get draining(): boolean {
    return this.#draining;
  }

  start(): void {
    this.#inFlight += 1;
  }

  /** @throws SessionError DRAINING when no new call is taken any more. */
  refuseWhenDraining(): void {
    if (this.#draining) throw new SessionError('DRAINING', 'The sidecar is stopping. Nothing was stored.');
  }

  finish(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#onIdle?.();
  }

  /** Takes no new calls from now on, and resolves when those under way are finished. */
  async drain(): Promise<void> {
    this.#draining = true;
    if (this.#inFlight === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }
}
