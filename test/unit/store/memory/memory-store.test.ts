import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { ContentEntries } from '../../../../server/src/session/content';
import type { NewSession } from '../../../../server/src/session/session-store';
import { createTokens, randomSigningKey } from '../../../../server/src/tokens/token';
import { MemoryStore } from '../../../../server/src/store/memory/memory-store';
import { generousLimits, twentyMinutes } from '../../../support/store-harness';

const tokens = createTokens([randomSigningKey()]);
const mebibyte = 1024 * 1024;
const minute = 60_000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

let stores: MemoryStore[] = [];

function openStore(maxBytes: number, now: () => number = Date.now): MemoryStore {
  const store = new MemoryStore({ expiry: twentyMinutes, limits: generousLimits, maxBytes, now });
  stores.push(store);
  return store;
}

afterEach(async () => {
  await Promise.all(stores.map((store) => store.close()));
  stores = [];
});

function newSession(content: ContentEntries): NewSession {
  const { handle, secretHash } = tokens.issue();
  return { handle, secretHash, content, csrfToken: 'c'.repeat(22), idleTimeout: 20 * minute, subject: undefined };
}

/** @returns how many sessions went in. */
async function fill(store: MemoryStore, contentOf: () => ContentEntries): Promise<number> {
  for (let count = 0; ; count += 1) {
    try {
      await store.create(newSession(contentOf()));
    } catch (error) {
      expect(error).toMatchObject({ reason: 'STORE_FULL' });
      return count;
    }
  }
}

const one = Buffer.from('1');
const named = <T>(count: number, value: () => T) =>
  new Map(Array.from({ length: count }, (_, index) => [index.toString(36), value()]));
let request = Buffer.alloc(0);
let cut = 0;

const shapes: [string, () => ContentEntries][] = [
  ['empty sessions', () => ({ data: new Map(), flash: new Map() })],
  ['sessions of 1,000 small keys', () => ({ data: named(1000, () => one), flash: new Map() })],
  ['sessions of 100 queues with a message', () => ({ data: new Map(), flash: named(100, () => [one]) })],
  [
    'sessions of 100 queues with 100 messages',
    () => ({ data: new Map(), flash: named(100, () => Array.from({ length: 100 }, () => one)) }),
  ],
  ['sessions of a large value', () => ({ data: new Map([['a', Buffer.alloc(200_000)]]), flash: new Map() })],
  [
    'small values cut out of large requests',
    () => {
      if (cut + 100 > request.length) [request, cut] = [Buffer.alloc(256 * 1024), 0];
      cut += 64 * 1024;
      return { data: new Map([['a', request.subarray(cut, cut + 100)]]), flash: new Map() };
    },
  ],
];

describe('a memory store', () => {
  test.each(shapes)('takes the memory it was given, and not much more, for %s', async (_what, contentOf) => {
    const maxBytes = 4 * mebibyte;
    const store = openStore(maxBytes);
    const before = await memoryInUse();
    const count = await fill(store, contentOf);
    const grown = (await memoryInUse()) - before;
    expect(count).toBeGreaterThan(10);
    expect(grown).toBeLessThan(1.3 * maxBytes);
  });

  test('counts what is changed and removed: a full one has room again for what was taken out', async () => {
    const store = openStore(mebibyte);
    const session = newSession({ data: named(1000, () => one), flash: new Map() });
    await store.create(session);
    const empty = () => ({ data: new Map(), flash: new Map() });
    const filled = await fill(store, empty);
    await store.update(session, { mutations: [{ kind: 'clear' }] });
    // At least 5 bytes for each of the keys, in sessions of about 1 KiB.
    const more = await fill(store, empty);
    expect(more).toBeGreaterThanOrEqual(5);
    await store.delete(session);
    expect(await fill(store, empty)).toBe(1);
    expect(filled).toBeGreaterThan(900);
  });

  test('keeps nothing of a request but what it stores', async () => {
    const store = openStore(mebibyte);
    const large = Buffer.alloc(4 * mebibyte, 65);
    const session = newSession({ data: new Map([['a', large.subarray(0, 10)]]), flash: new Map() });
    await store.create(session);
    const message = large.subarray(20, 30);
    await store.update(session, {
      mutations: [
        { kind: 'set', key: 'b', value: large.subarray(10, 20) },
        { kind: 'push_flash', queue: 'q', message, unlessPresent: false },
      ],
    });
    const loaded = await store.load(session);
    const stored = [...(loaded?.session.data.values() ?? []), ...(loaded?.session.flash.get('q') ?? [])];
    expect(stored.map((value) => value.buffer.byteLength < 100)).toEqual([true, true, true]);
  });

  test('that is full looks for ended sessions once in a while, and not for every refusal', async () => {
    let asked = 0;
    let time = 1_800_000_000_000;
    const store = openStore(mebibyte, () => {
      asked += 1;
      return time;
    });
    const empty = () => ({ data: new Map(), flash: new Map() });
    const count = await fill(store, empty);
    asked = 0;
    for (let refusals = 0; refusals < 100; refusals += 1) await fill(store, empty);
    expect(asked).toBeLessThan(10 * 100 + 2 * count);
    time += 22 * minute;
    expect(await fill(store, empty)).toBe(count);
  });
});

async function memoryInUse(): Promise<number> {
  // Buffers are let go of beside the collection that found them unused.
  for (let collections = 0; collections < 3; collections += 1) {
    collectGarbage();
    await setImmediate();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
