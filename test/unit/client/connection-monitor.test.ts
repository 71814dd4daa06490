import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ConnectionMonitor } from '../../../client/src/transport/connection-monitor';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

class FakeSocket extends EventEmitter {
  bytesRead = 0;
  bytesWritten = 0;
  error: Error | undefined;

  destroy(error: Error): void {
    this.error = error;
    this.emit('close');
  }
}

function start() {
  const onStuck = jest.fn();
  const monitor = new ConnectionMonitor(onStuck);
  const connect = (bytesRead = 1): FakeSocket => {
    const socket = new FakeSocket();
    monitor.connecting();
    monitor.connected(socket as unknown as Socket);
    socket.bytesRead = bytesRead;
    return socket;
  };
  return { monitor, connect, onStuck };
}

const pass = (milliseconds: number) => jest.advanceTimersByTime(milliseconds);

describe('a connection', () => {
  test('that does not answer what was written is given up within a second', () => {
    const { monitor, connect } = start();
    const socket = connect();
    monitor.streamOpened();
    pass(100);
    socket.bytesWritten = 17;
    pass(1000);
    expect(socket.error).toMatchObject({ code: 'ETIMEDOUT' });
  });

  test('that answers is kept, however slowly', () => {
    const { monitor, connect } = start();
    const socket = connect();
    monitor.streamOpened();
    for (let round = 0; round < 100; round++) {
      socket.bytesWritten += 17;
      pass(500);
      socket.bytesRead += 17;
      pass(100);
    }
    expect(socket.error).toBeUndefined();
  });

  test('to which nothing was written since it last answered is kept', () => {
    const { monitor, connect } = start();
    const socket = connect();
    monitor.streamOpened();
    pass(60_000);
    expect(socket.error).toBeUndefined();
  });

  test('that never answered is given up, though nothing was written yet', () => {
    const { monitor, connect } = start();
    const socket = connect(0);
    monitor.streamOpened();
    pass(1000);
    expect(socket.error).toBeDefined();
  });

  test('is not watched while no stream is open, and what was written then counts for nothing', () => {
    const { monitor, connect } = start();
    const socket = connect();
    monitor.streamOpened();
    pass(100);
    monitor.streamClosed();
    // The cancellation of a call, to which there is no answer.
    socket.bytesWritten = 13;
    pass(60_000);
    expect(jest.getTimerCount()).toBe(0);
    monitor.streamOpened();
    pass(60_000);
    expect(socket.error).toBeUndefined();
  });

  test('is watched as long as one of several streams is open', () => {
    const { monitor, connect } = start();
    const socket = connect();
    monitor.streamOpened();
    monitor.streamOpened();
    monitor.streamClosed();
    pass(100);
    socket.bytesWritten = 17;
    pass(1000);
    expect(socket.error).toBeDefined();
  });
});

describe('an attempt to connect', () => {
  test('that leads to nothing is reported once', () => {
    const { monitor, onStuck } = start();
    monitor.streamOpened();
    monitor.connecting();
    pass(900);
    expect(onStuck).not.toHaveBeenCalled();
    pass(60_000);
    expect(onStuck).toHaveBeenCalledTimes(1);
  });

  test('that is refused, and made again and again, is not reported', () => {
    const { monitor, onStuck } = start();
    monitor.streamOpened();
    for (let attempt = 0; attempt < 100; attempt++) {
      monitor.connecting();
      pass(80);
    }
    expect(onStuck).not.toHaveBeenCalled();
  });

  test('that is made while another connection is there is not reported', () => {
    const { monitor, connect, onStuck } = start();
    connect();
    monitor.streamOpened();
    monitor.connecting();
    pass(60_000);
    expect(onStuck).not.toHaveBeenCalled();
  });
});
