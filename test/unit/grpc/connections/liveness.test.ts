import type { ServerHttp2Session } from 'node:http2';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { whyEnd } from '../../../../server/src/grpc/connections/liveness';
import type { Pressure } from '../../../../server/src/grpc/connections/liveness';
import type { Peer } from '../../../../server/src/grpc/connections/peer';

const limits = { stallMs: 5000, keepaliveMs: 10_000 };

const spent = { repliesAreSpent: true };

describe('a connection', () => {
  let pings: ((error: Error | null) => void)[];
  let socket: { bytesRead: number };
  let streams: { amount: number };
  let replies: { sentBytes: number; held: number };
  let peer: Peer;

  beforeEach(() => {
    pings = [];
    socket = { bytesRead: 100 };
    streams = { amount: 0 };
    replies = { sentBytes: 0, held: 0 };
    const session = { ping: (done: (error: Error | null) => void) => pings.push(done) };
    peer = {
      ...{ since: 0, socket, streams, replies, isEstablished: true, session: session as unknown as ServerHttp2Session },
      ...{ aliveAt: 0, bytesWhenAlive: 100, pingedAt: undefined, isSuspect: false, sentBytes: 0, sentSince: 0 },
    } as unknown as Peer;
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  const look = (now: number, pressure: Partial<Pressure> = {}) =>
    whyEnd(peer, now, { repliesAreSpent: false, isCrowded: false, ...pressure }, limits);

  test('that does not complete its handshake is ended', () => {
    peer.isEstablished = false;
    expect([look(4999), look(5000)]).toEqual([undefined, 'handshake']);
  });

  test('that is silent is pinged, and ended without an answer', () => {
    expect([look(9999), pings.length]).toEqual([undefined, 0]);
    expect([look(10_000), pings.length]).toEqual([undefined, 1]);
    expect([look(29_999), look(30_000)]).toEqual([undefined, 'keepalive']);
  });

  test('whose session is destroyed before its socket is closed is ended without a ping', () => {
    const ping = () => {
      throw new Error('The session has been destroyed');
    };
    peer.session = { destroyed: true, ping } as unknown as ServerHttp2Session;
    expect([look(10_000), look(29_999), look(30_000)]).toEqual([undefined, undefined, 'keepalive']);
  });

  test('that answers stays open, and is pinged again later', () => {
    look(10_000);
    socket.bytesRead += 17;
    jest.spyOn(performance, 'now').mockReturnValue(12_000);
    pings[0]!(null);
    expect(peer.pingedAt).toBeUndefined();
    expect([look(21_999), pings.length]).toEqual([undefined, 1]);
    expect([look(22_000), pings.length]).toEqual([undefined, 2]);
  });

  test('whose bytes do not form a frame is pinged soon and ended earlier', () => {
    socket.bytesRead += 1;
    expect([look(1000), pings.length]).toEqual([undefined, 1]);
    socket.bytesRead += 1;
    expect([look(5999), look(6000)]).toEqual([undefined, 'keepalive']);
  });

  test('with a call in flight may send bytes without being pinged', () => {
    streams.amount = 1;
    socket.bytesRead += 1000;
    expect([look(1000), pings.length]).toEqual([undefined, 0]);
  });

  test('without calls is pinged and ended soon when there are many connections; one with a call is not', () => {
    const crowded = { isCrowded: true };
    expect([look(999, crowded), pings.length]).toEqual([undefined, 0]);
    expect([look(1000, crowded), pings.length]).toEqual([undefined, 1]);
    expect([look(1999, crowded), look(2000, crowded), look(2000)]).toEqual([undefined, 'keepalive', undefined]);
    streams.amount = 1;
    expect(look(20_999, crowded)).toBeUndefined();
  });

  test('that reads no replies is ended only when replies exceed the budget', () => {
    streams.amount = 1;
    replies.held = 1000;
    peer.aliveAt = 8000;
    expect([look(1000, spent), look(5999, spent)]).toEqual([undefined, undefined]);
    replies.sentBytes += 1;
    expect([look(6000, spent), look(10_999, spent), look(11_000)]).toEqual([undefined, undefined, undefined]);
    expect(look(11_000, spent)).toBe('reply_buffer');
  });
});
