import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Connection } from '../../../server/src/http/connection';
import { ConnectionLimit } from '../../../server/src/http/connection-limit';

const twoTurns = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** The clock, which stands still. */
const now = 10_000;

beforeEach(() => {
  jest.spyOn(performance, 'now').mockReturnValue(now);
});

afterEach(() => {
  jest.restoreAllMocks();
});

interface State {
  readonly ageMs?: number;
  readonly hasRequest?: boolean;
  readonly hasUnreadResponse?: boolean;
}

class FakeConnection extends EventEmitter {
  isClosed = false;
  readonly since: number;
  readonly hasRequest: boolean;
  readonly hasUnreadResponse: boolean;

  constructor({ ageMs = 0, hasRequest = false, hasUnreadResponse = false }: State) {
    super();
    this.since = now - ageMs;
    this.hasRequest = hasRequest;
    this.hasUnreadResponse = hasUnreadResponse;
  }

  destroy(): void {
    this.isClosed = true;
    this.emit('close');
  }
}

/** Which of these connections, oldest first, is closed when there is one too many. */
async function closedOf(states: Readonly<Record<string, State>>): Promise<readonly string[]> {
  const onClosed = jest.fn();
  const limit = new ConnectionLimit(Object.keys(states).length - 1, onClosed);
  const connections = Object.entries(states).map(([name, state]) => [name, new FakeConnection(state)] as const);
  for (const [, connection] of connections) limit.add(connection as unknown as Connection);
  await twoTurns();
  const closed = connections.filter(([, { isClosed }]) => isClosed).map(([name]) => name);
  expect(onClosed).toHaveBeenCalledTimes(closed.length);
  return closed;
}

describe('too many connections: the first to close is', () => {
  test('one that has sent no request for a while', async () => {
    const states = { new: {}, unread: { hasRequest: true, hasUnreadResponse: true }, idle: { ageMs: 2000 } };
    expect(await closedOf(states)).toEqual(['idle']);
  });

  test('then one that does not read its response', async () => {
    const states = { new: {}, waiting: { hasRequest: true }, unread: { hasRequest: true, hasUnreadResponse: true } };
    expect(await closedOf(states)).toEqual(['unread']);
  });

  test('then the oldest, so that a request that is being answered outlasts those that may never come', async () => {
    expect(await closedOf({ new: {}, waiting: { ageMs: 0, hasRequest: true } })).toEqual(['new']);
    expect(await closedOf({ waiting: { ageMs: 5000, hasRequest: true }, new: {} })).toEqual(['waiting']);
  });
});
