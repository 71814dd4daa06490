import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ConnectionMonitor } from '../../../../client/src/transport/connection-monitor';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

class FakeSocket extends EventEmitter {
  bytesRead = 0;
  bytesWritten = 0;
  readonly destroy = jest.fn();
}

function start() {
  const onSilent = jest.fn();
  const monitor = new ConnectionMonitor(onSilent);
  const connect = (bytesRead = 1): FakeSocket => {
    const socket = new FakeSocket();
    monitor.connecting();
    monitor.connected(socket as unknown as Socket);
    socket.bytesRead = bytesRead;
    return socket;
  };
  return { monitor, connect, onSilent };
}

const pass = (milliseconds: number) => jest.advanceTimersByTime(milliseconds);

describe('a connection', () => {
  test('that does not answer what was written is silent within a second, which is reported once', () => {
    const { monitor, connect, onSilent } = start();
    const socket = connect();
    monitor.start();
    pass(100);
    socket.bytesWritten = 17;
    pass(600);
    expect(onSilent).not.toHaveBeenCalled();
    pass(60_000);
    expect(onSilent).toHaveBeenCalledTimes(1);
    expect(socket.destroy).not.toHaveBeenCalled();
  });

  test('that answers is not, however slowly', () => {
    const { monitor, connect, onSilent } = start();
    const socket = connect();
    monitor.start();
    for (let round = 0; round < 100; round++) {
      socket.bytesWritten += 17;
      pass(500);
      socket.bytesRead += 17;
      pass(100);
    }
    expect(onSilent).not.toHaveBeenCalled();
  });

  test('without writes since its last answer is not', () => {
    const { monitor, connect, onSilent } = start();
    connect();
    monitor.start();
    pass(60_000);
    expect(onSilent).not.toHaveBeenCalled();
  });

  test('that never answered is silent after a second, even if nothing was written yet', () => {
    const { monitor, connect, onSilent } = start();
    connect(0);
    monitor.start();
    pass(900);
    expect(onSilent).not.toHaveBeenCalled();
    pass(100);
    expect(onSilent).toHaveBeenCalledTimes(1);
  });

  test('that was closed is not', () => {
    const { monitor, connect, onSilent } = start();
    const socket = connect(0);
    monitor.start();
    socket.emit('close');
    pass(60_000);
    expect(onSilent).not.toHaveBeenCalled();
  });

  test('is not watched while no answer is due, and earlier writes do not count', () => {
    const { monitor, connect, onSilent } = start();
    const socket = connect();
    monitor.start();
    pass(100);
    monitor.stop();
    // The cancellation of a call, to which there is no answer.
    socket.bytesWritten = 13;
    pass(60_000);
    expect(jest.getTimerCount()).toBe(0);
    monitor.start();
    pass(60_000);
    expect(onSilent).not.toHaveBeenCalled();
  });

  test('is destroyed on request only', () => {
    const { monitor, connect } = start();
    const sockets = [connect(), connect()];
    sockets[0]!.emit('close');
    monitor.destroySockets();
    expect(sockets.map(({ destroy }) => destroy.mock.calls.length)).toEqual([0, 1]);
  });
});

describe('an attempt to connect', () => {
  test('that gets no response is silence', () => {
    const { monitor, onSilent } = start();
    monitor.start();
    monitor.connecting();
    pass(900);
    expect(onSilent).not.toHaveBeenCalled();
    pass(60_000);
    expect(onSilent).toHaveBeenCalledTimes(1);
  });

  test('that is refused, however often, is not', () => {
    const { monitor, onSilent } = start();
    monitor.start();
    for (let attempt = 0; attempt < 100; attempt++) {
      monitor.connecting();
      pass(80);
    }
    expect(onSilent).not.toHaveBeenCalled();
  });

  test('that is made while another connection is open is not', () => {
    const { monitor, connect, onSilent } = start();
    connect();
    monitor.start();
    monitor.connecting();
    pass(60_000);
    expect(onSilent).not.toHaveBeenCalled();
  });
});
