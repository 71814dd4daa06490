import { TurnBudget } from '../budgets/turn-budget';
import type { Peer } from './peer';

/**
 * Streams that are open and not yet served, because grpc-js takes longer for each than everything before. Connections take turns.
 */
export class StreamQueue {
  readonly #turn = new TurnBudget(() => this.#serveQueued());
  readonly #queued = new Map<Peer, (() => void)[]>();

  get isEmpty(): boolean {
    return this.#queued.size === 0;
  }

  /** @param serve is called now or in a later turn of the event loop; the stream may have ended by then */
  add(peer: Peer, serve: () => void): void {
    const queued = this.#queued.get(peer);
    if (queued !== undefined) queued.push(serve);
    else if (this.#turn.isSpent) this.#queued.set(peer, [serve]);
    else this.#serve(serve);
  }

  #serveQueued(): void {
    for (const [peer, queued] of this.#queued) {
      if (this.#turn.isSpent) return;
      this.#queued.delete(peer);
      const serve = queued.shift()!;
      // Last, where this loop finds it again.
      if (queued.length > 0) this.#queued.set(peer, queued);
      this.#serve(serve);
    }
  }

  #serve(serve: () => void): void {
    this.#turn.use();
    serve();
  }
}
