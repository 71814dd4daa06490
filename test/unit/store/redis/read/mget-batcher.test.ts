import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Redis } from 'ioredis';
import { batchReads } from '../../../../../server/src/store/redis/read/mget-batcher';
import type { Read } from '../../../../../server/src/store/redis/read/mget-batcher';

interface Sent {
  readonly keys: readonly string[];
  answer(values: readonly (Buffer | null)[]): void;
  fail(error: Error): void;
}

let sent: Sent[];
let read: Read;

beforeEach(() => {
  sent = [];
  const client = {
    mgetBuffer: (keys: readonly string[]) =>
      new Promise((resolve, reject) => sent.push({ keys, answer: resolve, fail: reject })),
  };
  read = batchReads(client as unknown as Redis);
});

const keysSent = () => sent.map(({ keys }) => keys);
const nextTurn = () => new Promise(setImmediate);

describe('reads', () => {
  test('of one task are one command, and each gets its own value', async () => {
    const reads = Promise.all(['a', 'b', 'c'].map(read));
    await Promise.resolve();
    expect(keysSent()).toEqual([['a', 'b', 'c']]);
    sent[0]!.answer([Buffer.from('1'), null, Buffer.from('3')]);
    expect(await reads).toEqual([Buffer.from('1'), null, Buffer.from('3')]);
  });

  test('of one turn of the event loop are one command while another is in flight', async () => {
    void read('a');
    await Promise.resolve();
    void read('b');
    await Promise.resolve();
    void read('c');
    expect(keysSent()).toEqual([['a']]);
    await nextTurn();
    expect(keysSent()).toEqual([['a'], ['b', 'c']]);
  });

  test('are at most 128 for each command', async () => {
    const keys = Array.from({ length: 300 }, (_, index) => String(index));
    for (const key of keys) void read(key);
    await Promise.resolve();
    expect(keysSent()).toEqual([keys.slice(0, 128), keys.slice(128, 256), keys.slice(256)]);
  });

  test('fail together when their command fails', async () => {
    const reads = Promise.allSettled(['a', 'b'].map(read));
    await Promise.resolve();
    sent[0]!.fail(new Error('away'));
    expect(await reads).toMatchObject([{ reason: new Error('away') }, { reason: new Error('away') }]);
  });
});
