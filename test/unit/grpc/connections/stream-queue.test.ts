import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { turnSliceMs } from '../../../../server/src/grpc/budgets/turn-budget';
import type { Peer } from '../../../../server/src/grpc/connections/peer';
import { StreamQueue } from '../../../../server/src/grpc/connections/stream-queue';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const peers = ['a', 'b'].map((name) => ({ name }) as unknown as Peer);

let now: jest.SpiedFunction<typeof performance.now>;

beforeEach(() => {
  now = jest.spyOn(performance, 'now').mockReturnValue(0);
});

afterEach(() => {
  now.mockRestore();
});

describe('StreamQueue', () => {
  test('serves at once until the turn has taken too long, then connections in turn', async () => {
    const queue = new StreamQueue();
    const served: string[] = [];
    const add = (peer: number, name: string) =>
      queue.add(peers[peer]!, () => {
        served.push(name);
        now.mockReturnValue(performance.now() + turnSliceMs / 2);
      });
    for (const name of ['a1', 'a2', 'a3', 'a4', 'a5']) add(0, name);
    for (const name of ['b1', 'b2']) add(1, name);
    expect(served).toEqual(['a1', 'a2']);
    expect(queue.isEmpty).toBe(false);
    await nextTurn();
    expect(served).toEqual(['a1', 'a2', 'a3', 'b1']);
    await nextTurn();
    await nextTurn();
    expect(served).toEqual(['a1', 'a2', 'a3', 'b1', 'a4', 'b2', 'a5']);
    expect(queue.isEmpty).toBe(true);
  });

  test('keeps the order of the streams of a connection', async () => {
    const queue = new StreamQueue();
    const served: number[] = [];
    for (let stream = 0; stream < 200; stream++) {
      queue.add(peers[0]!, () => {
        served.push(stream);
        now.mockReturnValue(performance.now() + 1);
      });
    }
    while (!queue.isEmpty) await nextTurn();
    expect(served).toEqual([...served].sort((a, b) => a - b));
    expect(served).toHaveLength(200);
  });
});
