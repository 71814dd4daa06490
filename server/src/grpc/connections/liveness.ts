import type { GrpcLimits } from '../limits';
import type { RefusalLimit } from '../../rpc/refusals';
import type { Peer } from './peer';

/** How long a connection may take to answer a ping, in keepalive intervals. */
const pingTimeoutFactor = 2;

/**
 * With many connections, how long an idle one may be silent, and take to answer a ping, in ms. A client that broke the protocol is
 * no longer read, so only an unanswered ping shows that it is gone.
 */
const crowdedMs = 1000;

/** What shortens the timeouts. */
export interface Pressure {
  /** Unread replies exceed the budget. */
  readonly repliesAreSpent: boolean;
  /** More than half of all connections are taken. */
  readonly isCrowded: boolean;
}

/**
 * Checks that a connection completes its handshake, sends complete frames, answers pings, and reads replies when there is no more
 * room for them. Pings it if necessary.
 *
 * @returns why it must be closed, or `undefined`
 */
export function whyEnd(
  peer: Peer,
  now: number,
  { repliesAreSpent, isCrowded }: Pressure,
  { stallMs, keepaliveMs }: Pick<GrpcLimits, 'stallMs' | 'keepaliveMs'>,
): RefusalLimit | undefined {
  if (!peer.isEstablished) return now - peer.since >= stallMs ? 'handshake' : undefined;
  if (repliesAreSpent && readsNothing(peer, now, stallMs)) return 'reply_buffer';

  const isIdle = peer.streams.amount === 0;
  const isUrgent = isIdle && isCrowded;
  if (peer.pingedAt !== undefined) {
    // A busy application answers late; bytes that never form a frame come from an attack or a broken proxy.
    const timeoutMs = peer.isSuspect && isIdle ? stallMs : pingTimeoutFactor * keepaliveMs;
    return now - peer.pingedAt >= (isUrgent ? Math.min(timeoutMs, crowdedMs) : timeoutMs) ? 'keepalive' : undefined;
  }
  const isSuspect = peer.socket.bytesRead !== peer.bytesWhenAlive && isIdle;
  const silentMs = isUrgent ? Math.min(keepaliveMs, crowdedMs) : keepaliveMs;
  if (isSuspect || now - peer.aliveAt >= silentMs) ping(peer, now, isSuspect);
  return undefined;
}

function ping(peer: Peer, now: number, isSuspect: boolean): void {
  peer.pingedAt = now;
  peer.isSuspect = isSuspect;
  // A destroyed session cannot be pinged, and its socket may not be closed yet.
  if (peer.session === undefined || peer.session.destroyed) return;
  peer.session.ping((error) => {
    if (error !== null) return;
    peer.pingedAt = undefined;
    showLife(peer, performance.now());
  });
}

/** A complete frame has arrived. */
export function showLife(peer: Peer, now: number): void {
  peer.aliveAt = now;
  peer.bytesWhenAlive = peer.socket.bytesRead;
}

function readsNothing(peer: Peer, now: number, stallMs: number): boolean {
  const { sentBytes, held } = peer.replies;
  if (sentBytes !== peer.sentBytes || held === 0 || peer.sentSince === 0) {
    peer.sentBytes = sentBytes;
    peer.sentSince = now;
    return false;
  }
  return now - peer.sentSince >= stallMs;
}
