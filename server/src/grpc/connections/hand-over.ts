import { constants } from 'node:http2';
import type { Peer } from './peer';

/**
 * How long clients may take to notice a shutdown: those with calls in flight, which answer the ping, and the others, of which
 * Node.js clients close at a GOAWAY, without an answer to the ping. Later calls are rejected in a way that gRPC libraries retry
 * by themselves.
 */
const handOverMs = 500;
const minIdleHandOverMs = 250;

/** How long an idle client gets to read a GOAWAY, as a multiple of its ping time: a busy machine delays it unevenly. */
const idleLatencyFactor = 5;

/** A GOAWAY with this id rejects no stream; it announces the one that will. */
const highestStreamId = 2 ** 31 - 1;

/** Sends the clients of a stopping sidecar to another process. Calls sent before they were informed are answered. */
export class HandOver {
  readonly #begun = new WeakMap<Peer, Promise<void>>();

  /**
   * The answer to a ping comes after everything that the client sent before it was informed. An idle client is pinged first:
   * Node.js clients without calls close at a GOAWAY, so they get a multiple of the time that they took to answer.
   *
   * @returns once the client is informed, or has had the time
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
