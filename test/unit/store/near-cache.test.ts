import { afterEach, expect, jest, test } from '@jest/globals';
import { longestSilenceMs, NearCache } from '../../../server/src/store/redis/near-cache';
import type { NearSession } from '../../../server/src/store/redis/near-cache';
import type { SessionRecord } from '../../../server/src/session/session';

const reads: boolean[] = [];
const observer = { nearCacheRead: (hit: boolean) => reads.push(hit), setNearCacheReady: () => undefined };

/** A cache that Redis tells of changes. */
function trustedCache(maxBytes = 1024 * 1024): NearCache {
  const cache = new NearCache({ maxBytes, keyPrefix: 'session:', observer });
  cache.onTracking();
  cache.onConfirmed(performance.now());
  return cache;
}

function sessionNamed(handle: string): NearSession {
  const now = Date.now();
  const times = { created: now, accessed: now, expires: undefined, idleTimeout: undefined, version: 1 };
  const content = { data: new Map(), flash: new Map() };
  return { secretHash: 'hash', session: { handle, csrfToken: 'csrf', subject: undefined, ...times, ...content } };
}

function read(cache: NearCache, handle: string): SessionRecord {
  const near = sessionNamed(handle);
  const reading = cache.begin(handle);
  reading.keep(near, 300);
  reading.end();
  return near.session;
}

afterEach(() => {
  jest.restoreAllMocks();
});

test('what was read is found until it changes', () => {
  const cache = trustedCache();
  const session = read(cache, 'a');
  expect(cache.find('a', 'hash')).toBe(session);
  cache.onInvalidated(['session:b']);
  expect(cache.find('a', 'hash')).toBe(session);
  cache.onInvalidated(['session:a']);
  expect(cache.find('a', 'hash')).toBeUndefined();
});

test('another secret than that of the session finds nothing, and counts as a miss', () => {
  const cache = trustedCache();
  const session = read(cache, 'a');
  reads.length = 0;
  expect(cache.find('a', 'another')).toBeUndefined();
  expect(cache.find('a', 'hash')).toBe(session);
  expect(reads).toEqual([false, true]);
});

test.each<[string, (cache: NearCache) => void]>([
  ['the session is changed through this sidecar', (cache) => cache.forget('a')],
  ['Redis tells of a change', (cache) => cache.onInvalidated(['session:a'])],
  ['Redis tells that everything changed', (cache) => cache.onInvalidated(undefined)],
  ['Redis may have told of changes to nobody', (cache) => cache.onLost()],
])('a read that began before is not kept when %s', (_, change) => {
  const cache = trustedCache();
  const early = cache.begin('a');
  change(cache);
  // The cache is as good as new, and only the read is old.
  cache.onTracking();
  cache.onConfirmed(performance.now());
  early.keep(sessionNamed('a'), 300);
  early.end();
  expect(cache.find('a', 'hash')).toBeUndefined();

  const session = read(cache, 'a');
  expect(cache.find('a', 'hash')).toBe(session);
});

test('a read that began while Redis told of nothing is not kept', () => {
  const cache = new NearCache({ maxBytes: 1024 * 1024, keyPrefix: 'session:', observer });
  const early = cache.begin('a');
  cache.onTracking();
  cache.onConfirmed(performance.now());
  early.keep(sessionNamed('a'), 300);
  expect(cache.find('a', 'hash')).toBeUndefined();
});

test('nothing is found once Redis was silent for too long, and again when it has confirmed', () => {
  let now = 5000;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  const cache = trustedCache();
  const session = read(cache, 'a');
  now += longestSilenceMs - 1;
  expect(cache.find('a', 'hash')).toBe(session);
  now += 1;
  expect(cache.find('a', 'hash')).toBeUndefined();
  cache.onConfirmed(now - 1);
  expect(cache.find('a', 'hash')).toBe(session);
});

test('nothing survives the loss of the messages', () => {
  const cache = trustedCache();
  read(cache, 'a');
  cache.onLost();
  cache.onTracking();
  cache.onConfirmed(performance.now());
  expect(cache.find('a', 'hash')).toBeUndefined();
});

test('it holds no more than it may, and keeps what was used last', () => {
  const cache = trustedCache(10 * 1500);
  for (let n = 0; n < 100; n += 1) {
    read(cache, `session-${n}`);
    cache.find('session-0', 'hash');
  }
  const kept = Array.from({ length: 100 }, (_, n) => `session-${n}`).filter((handle) => cache.find(handle, 'hash'));
  expect(kept.length).toBeGreaterThan(5);
  expect(kept.length).toBeLessThanOrEqual(11);
  expect(kept).toContain('session-0');
  expect(kept).toContain('session-99');
});
