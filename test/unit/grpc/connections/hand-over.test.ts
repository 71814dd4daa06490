import { EventEmitter } from 'node:events';
import type { ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { CallSlots } from '../../../../server/src/grpc/budgets/call-slots';
import { ReplyBudget } from '../../../../server/src/grpc/budgets/reply-budget';
import { SharedBudget } from '../../../../server/src/grpc/budgets/shared-budget';
import { Connections } from '../../../../server/src/grpc/connections/connections';
import type { PeerBudgets } from '../../../../server/src/grpc/connections/peer';

/** A connection whose client answers pings when the test says so. */
class Session extends EventEmitter {
  closed = false;
  destroyed = false;
  readonly goaway = jest.fn();
  readonly pings: (() => void)[] = [];

  ping(answered: () => void): boolean {
    this.pings.push(answered);
    return true;
  }

  close(): void {
    this.closed = true;
  }
}

class FakeSocket extends EventEmitter {
  readonly destroyed = false;
  readonly readableLength = 24;
  readonly bytesRead = 24;

  destroy(): void {
    this.emit('close');
  }
}

describe('a connection of a sidecar that stops', () => {
  let connections: Connections;
  let session: Session;

  beforeEach(() => {
    jest.useFakeTimers();
    session = new Session();
    const budgets = {
      limits: { stallMs: 5000, keepaliveMs: 10_000, streamsPerConnection: 10 },
      ...{ slots: new CallSlots(10), replies: new ReplyBudget(1024), observer: { refused: () => {} } },
      ...{ streams: new SharedBudget(10), pipelines: new SharedBudget(10), requests: new SharedBudget(1024) },
    } as unknown as PeerBudgets;
    connections = new Connections(budgets, 10, () => connections.opened(session as unknown as ServerHttp2Session));
    const socket = new FakeSocket();
    connections.accept(socket as unknown as Socket);
    socket.emit('readable');
    jest.advanceTimersByTime(1);
    session.emit('remoteSettings');
  });

  afterEach(() => {
    connections.close();
    jest.useRealTimers();
  });

  test('is closed soon after the GOAWAY when its client answers at once', () => {
    void connections.handOverIdle();
    expect(session.goaway).not.toHaveBeenCalled();
    session.pings[0]!();
    expect(session.goaway).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(249);
    expect(session.closed).toBe(false);
    jest.advanceTimersByTime(1);
    expect(session.closed).toBe(true);
  });

  test('stays open for a multiple of the time that its client took to answer', () => {
    void connections.handOverIdle();
    jest.advanceTimersByTime(60);
    session.pings[0]!();
    jest.advanceTimersByTime(299);
    expect(session.closed).toBe(false);
    jest.advanceTimersByTime(1);
    expect(session.closed).toBe(true);
  });

  test('is closed at once when its client answers after the GOAWAY, so that nothing can be on its way', () => {
    void connections.handOverIdle();
    session.pings[0]!();
    session.pings[1]!();
    expect(session.closed).toBe(true);
  });

  test('is closed eventually when its client does not answer', () => {
    void connections.handOverIdle();
    jest.advanceTimersByTime(499);
    expect(session.goaway).not.toHaveBeenCalled();
    jest.advanceTimersByTime(500);
    expect([session.goaway.mock.calls.length, session.closed]).toEqual([1, false]);
    jest.advanceTimersByTime(1);
    expect(session.closed).toBe(true);
  });

  test('gets a GOAWAY when its last call has ended', () => {
    const peer = connections.of(session as unknown as ServerHttp2Session)!;
    connections.streamOpened(peer, performance.now());
    void connections.handOverIdle();
    expect(session.pings).toHaveLength(0);
    connections.streamClosed(peer);
    session.pings[0]!();
    expect(session.goaway).toHaveBeenCalledTimes(1);
  });

  test('gets a GOAWAY before it is closed when it has calls all the time', async () => {
    const peer = connections.of(session as unknown as ServerHttp2Session)!;
    connections.streamOpened(peer, performance.now());
    await connections.handOverIdle();
    const told = connections.handOverBusy();
    expect([session.goaway.mock.calls.length, session.closed]).toEqual([1, false]);
    session.pings[0]!();
    await told;
    expect(session.closed).toBe(true);
  });
});
