import { afterEach, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { maxStalenessMs, NearCache } from '../../../../../server/src/store/redis/near-cache/near-cache';
import { emptyContent } from '../../../../../server/src/session/content';
import type { NearSession, Reading } from '../../../../../server/src/store/redis/near-cache/near-cache';
import { FakeFeed } from '../../../../support/fake-feed';

const reads: boolean[] = [];
const observer = { nearCacheRead: (hit: boolean) => reads.push(hit), setNearCacheReady: () => undefined };

/** A cache that is told of changes. */
function trustedCache(maxBytes = 1024 * 1024) {
  const feed = new FakeFeed();
  const cache = new NearCache({ maxBytes, feed, observer });
  feed.confirm();
  return { cache, feed };
}

function sessionNamed(handle: string, version = 1): NearSession {
  const now = Date.now();
  const times = { created: now, accessed: now, expires: undefined, idleTimeout: undefined, version };
  const content = emptyContent;
  return {
    secretHash: 'hash',
    generation: undefined,
    session: { handle, csrfToken: 'csrf', subject: undefined, label: undefined, ...times, ...content },
  };
}

function read(cache: NearCache, handle: string): NearSession {
  const near = sessionNamed(handle);
  const reading = cache.begin(handle);
  reading.keep(near, 300);
  reading.end();
  return near;
}

afterEach(() => {
  jest.restoreAllMocks();
});

test('what was read is found until it changes', () => {
  const { cache, feed } = trustedCache();
  const session = read(cache, 'a');
  expect(cache.find('a', 'hash')).toBe(session);
  feed.change('b');
  expect(cache.find('a', 'hash')).toBe(session);
  feed.change('a');
  expect(cache.find('a', 'hash')).toBeUndefined();
});

test('another secret than that of the session finds nothing, and counts as a miss', () => {
  const { cache } = trustedCache();
  const session = read(cache, 'a');
  reads.length = 0;
  expect(cache.find('a', 'another')).toBeUndefined();
  expect(cache.find('a', 'hash')).toBe(session);
  expect(reads).toEqual([false, true]);
});

test.each<[string, (cache: NearCache, feed: FakeFeed) => void]>([
  ['a script of this sidecar has seen the session', (cache) => cache.forget('a')],
  ['the session is changed', (_cache, feed) => feed.change('a')],
  ['everything may have changed', (_cache, feed) => feed.changeAll()],
  ['changes may have gone unreported', (_cache, feed) => feed.lose()],
])('a read that began before is not kept when %s', (_, change) => {
  const { cache, feed } = trustedCache();
  const early = cache.begin('a');
  change(cache, feed);
  // The cache is as good as new, and only the read is old.
  feed.confirm();
  early.keep(sessionNamed('a'), 300);
  early.end();
  expect(cache.find('a', 'hash')).toBeUndefined();

  const session = read(cache, 'a');
  expect(cache.find('a', 'hash')).toBe(session);
});

test('a read that began while changes were not reported is not kept', () => {
  const feed = new FakeFeed();
  const cache = new NearCache({ maxBytes: 1024 * 1024, feed, observer });
  const early = cache.begin('a');
  feed.confirm();
  early.keep(sessionNamed('a'), 300);
  expect(cache.find('a', 'hash')).toBeUndefined();
});

test('nothing is found once Redis was silent for too long, and again when it has confirmed', () => {
  let now = 5000;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  const { cache, feed } = trustedCache();
  const session = read(cache, 'a');
  now += maxStalenessMs - 1;
  expect(cache.find('a', 'hash')).toBe(session);
  now += 1;
  expect(cache.find('a', 'hash')).toBeUndefined();
  feed.confirm(now - 1);
  expect(cache.find('a', 'hash')).toBe(session);
});

test('nothing survives the loss of the messages', () => {
  const { cache, feed } = trustedCache();
  read(cache, 'a');
  feed.lose();
  feed.confirm();
  expect(cache.find('a', 'hash')).toBeUndefined();
});

/** One session, what Redis has of it, and who is reading it. */
class Model {
  readonly feed = new FakeFeed();
  readonly cache = new NearCache({ maxBytes: 1024 * 1024, feed: this.feed, observer });
  readonly inFlight: { readonly reading: Reading; readonly version: number }[] = [];
  version = 1;
  isTracking = false;
  isConfirmed = false;

  /** What is read is what Redis has now, however late it comes. */
  begin(): void {
    this.inFlight.push({ reading: this.cache.begin('a'), version: this.version });
  }

  end(index: number): void {
    const [ended] = this.inFlight.splice(index % this.inFlight.length, 1);
    ended?.reading.keep(sessionNamed('a', ended.version), 300);
    ended?.reading.end();
  }

  changeHere(): void {
    this.version += 1;
    this.feed.change('a', this.version);
  }

  changeElsewhere({ everything = false } = {}): void {
    this.version += 1;
    if (!this.isTracking) return;
    if (everything) this.feed.changeAll();
    else this.feed.change('a');
  }

  track(): void {
    this.isTracking = true;
  }

  confirm(): void {
    if (!this.isTracking) return;
    this.isConfirmed = true;
    this.feed.confirm();
  }

  lose(): void {
    this.isTracking = this.isConfirmed = false;
    this.feed.lose();
  }
}

test('whatever happens in whatever order, nothing outdated is found, and what was just read is', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.constant((model: Model) => model.begin()) },
    { weight: 3, arbitrary: fc.nat(9).map((index) => (model: Model) => model.end(index)) },
    fc.constantFrom<((model: Model) => void)[]>(
      (model) => model.changeHere(),
      (model) => model.changeElsewhere(),
      (model) => model.changeElsewhere({ everything: true }),
      (model) => model.track(),
      (model) => model.confirm(),
      (model) => model.lose(),
    ),
  );
  const property = fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
    jest.spyOn(performance, 'now').mockReturnValue(5000);
    const model = new Model();
    model.track();
    model.confirm();
    for (const take of steps) {
      take(model);
      const found = model.cache.find('a', 'hash');
      if (found !== undefined) expect([found.session.version, model.isConfirmed]).toEqual([model.version, true]);
    }
    model.track();
    model.confirm();
    model.begin();
    model.end(model.inFlight.length - 1);
    expect(model.cache.find('a', 'hash')?.session.version).toBe(model.version);
  });
  // A failure prints the seed and the path that repeat it.
  fc.assert(property, { numRuns: 2000 });
});

test('it holds no more than it may, and keeps what was used last', () => {
  const { cache } = trustedCache(10 * 1500);
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

test('sessions of many small keys and messages count as what their objects take', () => {
  const { cache } = trustedCache();
  const many = <T>(value: T) => new Map(Array.from({ length: 500 }, (_, index) => [`k${index}`, value] as const));
  for (let index = 0; index < 100; index += 1) {
    const { session, secretHash } = sessionNamed(`s${index}`);
    const content = { data: many(Buffer.from('1')), flash: many([Buffer.from('1')]) };
    const reading = cache.begin(session.handle);
    reading.keep({ secretHash, generation: undefined, session: { ...session, ...content } }, 10_000);
    reading.end();
  }
  const kept = Array.from({ length: 100 }, (_, index) => cache.find(`s${index}`, 'hash')).filter(Boolean);
  // Each is about 1,500 parts of 200 bytes.
  expect(kept.length).toBeGreaterThan(0);
  expect(kept.length).toBeLessThanOrEqual(3);
});
