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

/** How long busy clients, which learn of the shutdown with each reply, may take to reconnect by themselves. */
const busyHandOverMs = 250;

/** A GOAWAY with it refuses no stream; it announces the one that will. */
const highestStreamId = 2 ** 31 - 1;

/**
 * Sends the clients of a sidecar that stops to another process. Calls that they sent before they received the GOAWAY are answered.
 * A client on Node.js that makes a call while it reads the GOAWAY loses those in flight, so one that was busy a moment ago first
 * learns of the stop from calls that are refused, after which it makes no more.
 */
export class HandOver {
  readonly #now = new WeakMap<Peer, Promise<void>>();
  readonly #soon = new WeakMap<Peer, Promise<void>>();

  /** @param idleMs for how long it has had no call */
  idle(peer: Peer, idleMs: number): Promise<void> {
    return idleMs < busyHandOverMs ? this.soon(peer) : this.now(peer);
  }

  /** @returns what was begun, or begins it now */
  last(peer: Peer): Promise<void> {
    return this.#soon.get(peer) ?? this.now(peer);
  }

  /** Once its client has had time to learn of the stop from replies. A pipeline learns of it by itself. */
  soon(peer: Peer): Promise<void> {
    return once(this.#soon, peer, (resolve) => {
      peer.session?.once('close', resolve);
      setTimeout(() => resolve(peer.pipelines === 0 ? this.now(peer) : undefined), busyHandOverMs);
    });
  }

  /**
   * The answer to a ping comes after all that the client sent before it knew. A client without calls is pinged first: those on
   * Node.js read nothing after a GOAWAY, so they get a few times as long as they took to answer.
   *
   * @returns once the client knows, or has had time to learn it
   */
  now(peer: Peer): Promise<void> {
    const { session } = peer;
    if (session === undefined || session.closed || session.destroyed) return Promise.resolve();
    return once(this.#now, peer, (resolve) => {
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

function once(
  begun: WeakMap<Peer, Promise<void>>,
  peer: Peer,
  begin: (resolve: (value: void | Promise<void>) => void) => void,
): Promise<void> {
  const promise = begun.get(peer) ?? new Promise<void>(begin);
  begun.set(peer, promise);
  return promise;
}
