import { expect, test } from '@jest/globals';
import { History, sampleBetween } from '../../../../server/src/inspector/stats/history';
import { reading } from './readings';

const calls = (total: number, failed = 0, under1ms = total) => ({
  total,
  failed,
  latencies: new Map([
    [0.001, under1ms],
    [Infinity, total],
  ]),
});

test('a sample has rates per second, of all methods together', () => {
  const earlier = reading({ at: 10_000, methods: new Map([['GetSession', calls(100, 10)]]), cpuMs: 1_000 });
  const methods = new Map([
    ['GetSession', calls(150, 15)],
    ['CreateSession', calls(10)],
  ]);
  const later = reading({ at: 15_000, methods, cpuMs: 2_000, callsInFlight: 3 });
  expect(sampleBetween(earlier, later)).toMatchObject({
    at: 15_000,
    callsPerSecond: 12,
    failedPerSecond: 1,
    p50Ms: 0.5,
    callsInFlight: 3,
    cpu: 0.2,
  });
});

test('a sample has no latency and no hit rate where nothing happened, and no rate without time', () => {
  const nothing = { p50Ms: null, p99Ms: null, storeP50Ms: null, nearCacheHitRate: null, clientCacheHitRate: null };
  expect(sampleBetween(reading(), reading({ at: 5_000 }))).toMatchObject({ ...nothing, callsPerSecond: 0 });
  expect(sampleBetween(reading(), reading({ cpuMs: 5 }))).toMatchObject({ ...nothing, cpu: 0 });
});

test('a hit rate is that of the reads since the earlier reading', () => {
  const earlier = reading({ nearCache: { hits: 100, misses: 0 } });
  const later = reading({ at: 5_000, nearCache: { hits: 101, misses: 3 } });
  expect(sampleBetween(earlier, later).nearCacheHitRate).toBe(0.25);
});

test('the history is bounded: the oldest samples leave first, and the present is a part of it', () => {
  const history = new History({ samples: 5, present: 2 });
  expect(history.present).toBeUndefined();
  for (let at = 0; at <= 20; at += 1) {
    history.add(reading({ at }));
    expect(history.samples.length).toBe(Math.min(at, 5));
    const [earlier, later] = history.present!;
    expect([earlier.at, later.at]).toEqual([Math.max(0, at - 2), at]);
  }
  expect(history.samples.map(({ at }) => at)).toEqual([16, 17, 18, 19, 20]);
});
