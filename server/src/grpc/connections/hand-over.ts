import { constants } from 'node:http2';
import type { Peer } from './peer';

/**
 * How long clients may take to notice a shutdown: those with calls in flight, which answer the ping, and the others, of which
 * those on Node.js read nothing after a GOAWAY. Later calls are refused in a way that gRPC libraries retry by themselves.
 */
const handOverMs = 500;
const minIdleHandOverMs = 250;

/** How many times as long as it took to answer a ping an idle client gets to read a GOAWAY: a busy machine delays it unevenly. */
const idleLatencyFactor = 5;

/** A GOAWAY with it refuses no stream; it announces the one that will. */
const highestStreamId = 2 ** 31 - 1;

/** Sends the clients of a sidecar that stops to another process. Calls that they sent before they knew are answered. */
export class HandOver {
  readonly #begun = new WeakMap<Peer, Promise<void>>();

  /**
   * The answer to a ping comes after all that the client sent before it knew. A client without calls is pinged first: those on
   * Node.js read nothing after a GOAWAY, so they get a few times as long as they took to answer.
   *
   * @returns once the client knows, or has had time to learn it
   */
  send(peer: Peer): Promise<void> {
    const begun = this.#begun.get(peer) ?? this.#send(peer);
    this.#begun.set(peer, begun);
    return begun;
  }

  #send(peer: Peer): Promise<void> {
    const { session } = peer;
    if (session === undefined || session.closed || session.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const done = (): void => {
        clearTimeout(timer);
        if (!session.closed) session.close();
        resolve();
      };
      const announce = (idleMs: number): void => {
        clearTimeout(timer);
        if (session.closed || session.destroyed) return resolve();
        timer = setTimeout(done, peer.streams.amount > 0 ? handOverMs : idleMs);
        session.goaway(constants.NGHTTP2_NO_ERROR, highestStreamId);
        session.ping(done);
      };
      session.once('close', done);
      if (peer.streams.amount > 0) return announce(handOverMs);
      const pingedAt = performance.now();
      timer = setTimeout(() => announce(handOverMs), handOverMs);
      session.ping(() => {
        const latencyMs = performance.now() - pingedAt;
        if (latencyMs < handOverMs)
          announce(Math.min(Math.max(minIdleHandOverMs, idleLatencyFactor * latencyMs), handOverMs));
      });
    });
  }
}
