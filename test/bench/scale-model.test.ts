import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  defaultSizing,
  deploymentFor,
  feedCosts,
  fewestSidecars,
  liveShare,
  reportsPerChange,
} from '../../bench/scale/model';
import type { CacheCosts, Demand, RequestCosts } from '../../bench/scale/model';

const demand: Demand = { sessions: 10_000_000, activeShare: 0.02, secondsBetweenRequests: 10, writeShare: 0.1 };
const costs: RequestCosts = {
  ...{ appUs: 20, sidecarUs: 30, redisUs: 15, replicaUs: 5, redisBytes: 1000, replicationBytes: 200 },
  ...{ sessionBytes: 600, sidecarMemoryBytes: 1e8, connections: 2 },
};
const cache: CacheCosts = { savedUs: 40, reportUs: { redis: 2, sidecar: 3, app: 1 }, trackedKeyBytes: 150 };
/** So often that no session ends being live by itself. */
const busy: Demand = { ...demand, secondsBetweenRequests: 0.001 };

describe('liveShare()', () => {
  test('is what two pods with a sidecar each were seen to have', () => {
    expect(liveShare(2, 'any pod', busy, defaultSizing)).toBeCloseTo(0.91, 2);
    expect(liveShare(2, 'any pod', { ...busy, writeShare: 0.02 }, defaultSizing)).toBeCloseTo(0.98, 2);
  });

  test('falls as requests are spread over more pods, and does not where visitors stay on one', () => {
    const shares = (routing: 'any pod' | 'same pod') =>
      [1, 2, 10, 100].map((sidecars) => liveShare(sidecars, routing, demand, defaultSizing));
    const spread = shares('any pod');
    expect(spread).toEqual(spread.toSorted((a, b) => b - a));
    expect(new Set(shares('same pod')).size).toBe(1);
    expect(spread[0]).toBe(shares('same pod')[0]);
  });
});

describe('reportsPerChange()', () => {
  test('is never more than the reads between two changes, nor than the other sidecars', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.double({ min: 0.001, max: 1, noNaN: true }),
        (sidecars, writes) => {
          const reports = reportsPerChange(sidecars, 'any pod', { ...demand, writeShare: writes });
          expect(reports).toBeLessThanOrEqual(Math.min(sidecars - 1, 1 / writes) * (1 + 1e-9));
          expect(reports).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });

  test('is none where visitors stay on one pod', () => {
    expect(reportsPerChange(1000, 'same pod', demand)).toBe(0);
  });
});

describe('deploymentFor()', () => {
  test('adds up what requests and sessions cost', () => {
    expect(deploymentFor(demand, costs, defaultSizing)).toMatchObject({
      ...{ requestsPerSecond: 20_000, pods: 40, masters: 1, mastersFor: 'memory', connectionsPerMaster: 80 },
      ...{ sidecarCoresPerPod: 0.015, redisBytes: 6e9, redisCores: 0.3, totalTraffic: 24e6, masterTraffic: 24e6 },
    });
  });

  test('has as many masters as memory and CPU need, and no Cluster of two', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e8 }), (sessions) => {
        const { masters, redisBytes, redisCores } = deploymentFor({ ...demand, sessions }, costs, defaultSizing);
        expect(masters).not.toBe(2);
        expect(redisBytes / masters).toBeLessThanOrEqual(defaultSizing.redisMemoryBytes * defaultSizing.redisMemoryUse);
        expect(redisCores / masters).toBeLessThanOrEqual(defaultSizing.redisCpuUse);
      }),
    );
  });
});

describe('feedCosts()', () => {
  const at = (sidecars: number) => feedCosts(sidecars, 'any pod', demand, cache, defaultSizing);

  test('grow slower than those of a feed that goes to every sidecar', () => {
    const perSidecar = (sidecars: number) => at(sidecars).feedCores / sidecars;
    expect(perSidecar(10_000)).toBeLessThan(perSidecar(100) * 1.2);
    expect(at(10_000).broadcastCores).toBeGreaterThan(at(100).broadcastCores * 5000);
  });

  test('exceed what live reads save from some number of sidecars on', () => {
    const fewest = fewestSidecars((sidecars) => at(sidecars).feedCores > at(sidecars).savedCores);
    expect(fewest).toBeGreaterThan(2);
    expect(fewestSidecars(() => false)).toBeUndefined();
  });
});
