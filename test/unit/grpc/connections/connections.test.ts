import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { turnSliceMs } from '../../../../server/src/grpc/budgets/turn-budget';
import { Connections } from '../../../../server/src/grpc/connections/connections';
import type { PeerBudgets } from '../../../../server/src/grpc/connections/peer';
import { SharedBudget } from '../../../../server/src/grpc/budgets/shared-budget';
import { ReplyBudget } from '../../../../server/src/grpc/budgets/reply-budget';
import { CallSlots } from '../../../../server/src/grpc/budgets/call-slots';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class FakeSocket extends EventEmitter {
  readonly destroyed = false;
  readonly readableLength = 24;

  destroy(): void {
    this.emit('close');
  }
}

let connections: Connections;
let now: number;
let handshakes: number;
/** How long it takes to open the streams that came with the first bytes. */
let streamsMs: number;

beforeEach(() => {
  now = 0;
  handshakes = 0;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  const budgets = {
    limits: { stallMs: 5000, keepaliveMs: 10_000, streamsPerConnection: 10 },
    ...{ slots: new CallSlots(10), replies: new ReplyBudget(1024), observer: { refused: () => {} } },
    ...{ streams: new SharedBudget(10), pipelines: new SharedBudget(10), requests: new SharedBudget(1024) },
  } as unknown as PeerBudgets;
  connections = new Connections(budgets, 100, () => {
    handshakes += 1;
    process.nextTick(() => (now += streamsMs));
  });
});

afterEach(() => {
  connections.close();
  jest.restoreAllMocks();
});

function connectMany(): void {
  const sockets = Array.from({ length: 20 }, () => new FakeSocket());
  for (const socket of sockets) connections.accept(socket as unknown as Socket);
  for (const socket of sockets) socket.emit('readable');
}

/** @returns how many handshakes there were in each turn of the event loop that had one */
async function handshakesByTurn(): Promise<number[]> {
  const turns: number[] = [];
  while (handshakes < 20) {
    const before = handshakes;
    await nextTurn();
    if (handshakes > before) turns.push(handshakes - before);
  }
  return turns;
}

test('the streams that come with a handshake put off the next to another turn', async () => {
  streamsMs = turnSliceMs;
  connectMany();
  expect(new Set(await handshakesByTurn())).toEqual(new Set([1]));
});

test('handshakes without streams come several in a turn', async () => {
  streamsMs = 0;
  connectMany();
  expect(await handshakesByTurn()).toEqual([1, 8, 8, 3]);
});
