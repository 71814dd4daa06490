import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from '@jest/globals';
import { SessionCache } from '../../../../../client/src/cache/session-cache';
import { resolveCodec } from '../../../../../client/src/session/codec';
import { KeptValue } from '../../../../../client/src/session/kept-value';
import { EncodedValue } from '../../../../../client/src/transport/encoded-value';
import type { Transport } from '../../../../../client/src/transport/transport';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const codec = resolveCodec(undefined);

/** Memory that is in use, in bytes. What earlier test files left behind is freed in turns of the event loop. */
async function used(): Promise<number> {
  for (let times = 0; times < 4; times += 1) {
    collect();
    await nextTurn();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

/** Sessions that have no text in common, so that V8 cannot share any. */
const shapes: Readonly<Record<string, (session: number) => object>> = {
  'one number': () => ({ count: 1 }),
  'about 300 bytes': (session) => ({
    user: { id: session, name: `Ada Lovelace ${session}`, roles: ['admin', `editor-${session}`] },
    cart: [`tea-${session}`, `milk-${session}`],
    visits: session,
    note: 'x'.repeat(100) + String(session),
  }),
  '20 keys': (session) => Object.fromEntries(range(20).map((key) => [`key${key}`, `value ${session} ${key}`])),
  'a text of 4 KB': () => ({ text: randomBytes(2048).toString('hex') }),
  'rows of a table': (session) => ({
    rows: range(40).map((row) => ({ id: row + session, title: `row ${session} ${row}`, price: row / 3, open: true })),
  }),
  'names that occur once': (session) => ({
    map: Object.fromEntries(range(40).map((name) => [`id-${session}-${name}`, name])),
  }),
  'a text in Cyrillic': (session) => ({ text: 'ж'.repeat(500) + String(session) }),
};

async function fill(make: (session: number) => object, count: number): Promise<SessionCache> {
  let data = new Map<string, EncodedValue>();
  const transport = {
    call: (_method: string, { token, etag }: { token: string; etag: Buffer }) => {
      const times = { accessed: new Date(), expires: new Date() };
      if (etag.length > 0) return Promise.resolve({ notModified: times, liveMs: 0, etag });
      const more = {
        flashQueues: [],
        csrfToken: randomBytes(16).toString('base64url'),
        created: new Date(),
        version: 1,
      };
      const session = { handle: token.slice(0, 22), data, idleTimeout: { seconds: 1200, nanos: 0 }, ...times, ...more };
      return Promise.resolve({ session, liveMs: 0, etag: randomBytes(16) });
    },
    close: () => undefined,
  } as unknown as Transport;
  const cache = new SessionCache(transport, undefined, { maxBytes: 2 ** 40 });
  for (const session of range(count)) {
    const values = Object.entries(make(session));
    data = new Map(values.map(([key, value]) => [key, new EncodedValue(Buffer.from(JSON.stringify(value)))]));
    const token = randomBytes(51).toString('base64url');
    await cache.read(token, { deadline: Infinity });
    const kept = await cache.read(token, { deadline: Infinity });
    for (const [key, value] of kept.data) if (value instanceof KeptValue) value.decode(codec, key);
  }
  return cache;
}

/** The size that the cache counts, relative to what it holds. */
async function countedRatio(make: (session: number) => object): Promise<number> {
  await fill(make, 100);
  const before = await used();
  const cache = await fill(make, 2000);
  const held = (await used()) - before;
  return cache.stats.bytes / held;
}

// Too little would break the limit; too much would waste it.
const isRight = (ratio: number): boolean => ratio > 0.85 && ratio < 1.8;

/** Garbage of other test files in this process may be freed during a measurement; a wrong count is wrong in each. */
const maxMeasurements = 5;

test.each(Object.entries(shapes))(
  'sessions of %s are counted as what they hold, decoded values included',
  async (_, make) => {
    const ratios: number[] = [];
    while (!ratios.some(isRight) && ratios.length < maxMeasurements) ratios.push(await countedRatio(make));
    expect({ ratios, isRight: ratios.some(isRight) }).toMatchObject({ isRight: true });
  },
);
