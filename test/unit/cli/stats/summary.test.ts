import { describe, expect, test } from '@jest/globals';
import { parseMetrics } from '../../../../server/src/cli/stats/prometheus-text';
import { areOfOneProcess, difference, quantileOf, summarize } from '../../../../server/src/cli/stats/summary';

const bucketsOf = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts).map(([le, value]) => ({ name: 'x_bucket', labels: { le }, value }));

describe('a quantile', () => {
  const buckets = bucketsOf({ '0.001': 50, '0.01': 90, '0.1': 99, '+Inf': 100 });

  test.each([
    [0.25, 0.0005],
    [0.5, 0.001],
    [0.7, 0.0055],
    [0.99, 0.1],
    [1, 0.1],
  ])('of %d is interpolated in its bucket: %d s', (quantile, seconds) => {
    expect(quantileOf(buckets, quantile)).toBeCloseTo(seconds, 6);
  });

  test('of a bucket before which there is nothing is that bound', () => {
    expect(quantileOf(bucketsOf({ '0.001': 0, '0.01': 0, '+Inf': 0 }), 0.5)).toBe(0.001);
  });
});

const page = (created: number) =>
  parseMetrics(
    [
      'session_sidecar_build_info{version="1.2.3",store="redis"} 1',
      'session_sidecar_store_ready 1',
      'process_start_time_seconds 1000',
      `session_sidecar_sessions_created_total ${created}`,
      'session_sidecar_near_cache_reads_total{result="hit"} 3',
      'session_sidecar_near_cache_reads_total{result="miss"} 1',
      'session_sidecar_refusals_total{limit="streams"} 0',
      'session_sidecar_refusals_total{limit="api_token"} 2',
    ].join('\n'),
  );

test('a summary has what was counted, and ratios only of what was asked', () => {
  expect(summarize(page(7), 1060)).toMatchObject({
    ...{ version: '1.2.3', store: 'redis', ready: true, uptimeSeconds: 60, calls: [] },
    sessions: expect.objectContaining({ created: 7 }),
    hitRatios: { nearCache: 0.75, clientCaches: null },
    refusals: { api_token: 2 },
  });
});

test('between two readings, counters are subtracted and gauges are not', () => {
  const summary = summarize(difference(page(7), page(9)), 1060);
  expect(summary).toMatchObject({ ready: true, uptimeSeconds: 60, refusals: {}, hitRatios: { nearCache: null } });
  expect(summary.sessions['created']).toBe(2);
});

test('readings before and after a restart are of two processes', () => {
  const reading = (start: number, cpuSeconds: number) =>
    parseMetrics(`process_start_time_seconds ${start}\nprocess_cpu_seconds_total ${cpuSeconds}`);
  expect(areOfOneProcess(reading(1000, 2), reading(1000, 2.5))).toBe(true);
  expect(areOfOneProcess(reading(1000, 2), reading(1001, 2.5))).toBe(false);
  expect(areOfOneProcess(reading(1000, 2), reading(1000, 0.2))).toBe(false);
});
