import { describe, expect, test } from '@jest/globals';
import { modes } from './modes';
import { planParts, planRound } from './plan';
import { createRandom } from './random';

const names = (parts: ReturnType<typeof planParts>): string[] =>
  parts.map(({ mode, nearCache }) => `${mode.name} ${String(nearCache)}`);

describe('planParts()', () => {
  test('covers every mode, with and without a near cache where both work, when there is time', () => {
    const parts = planParts(modes, 'both', 600_000, createRandom(1));
    const expected = modes.flatMap(({ name, nearCache }) => nearCache.map((setting) => `${name} ${String(setting)}`));
    expect(names(parts)).toEqual(expected);
    expect(parts.reduce((sum, { milliseconds }) => sum + milliseconds, 0)).toBeCloseTo(600_000);
  });

  test('leaves out what there is no time for, by the seed', () => {
    const parts = planParts(modes, 'both', 30_000, createRandom(1));
    expect(parts).toHaveLength(4);
    expect(new Set(parts.map(({ mode }) => mode)).size).toBe(4);
    const plans = new Set(
      Array.from({ length: 20 }, (_, seed) => names(planParts(modes, 'both', 30_000, createRandom(seed))).join()),
    );
    expect(plans.size).toBeGreaterThan(1);
  });

  test('is the same for the same seed', () => {
    const plan = () =>
      planParts(modes, 'both', 60_000, createRandom(7)).map(({ mode, ...rest }) => ({ mode: mode.name, ...rest }));
    expect(plan()).toEqual(plan());
  });
});

describe('planRound()', () => {
  test('is the same for the same seed, and has as many faults as there is time for', () => {
    for (const mode of modes) {
      const plan = planRound(mode, 8000, createRandom(3));
      expect(planRound(mode, 8000, createRandom(3))).toEqual(plan);
      expect(plan.faults).toHaveLength(1);
    }
  });

  test('comes to every fault of each mode', () => {
    for (const mode of modes) {
      const random = createRandom(5);
      const rounds = Array.from({ length: 100 }, () => planRound(mode, 60_000, random));
      const indexes = new Set(rounds.flatMap(({ faults }) => faults.map(({ index }) => index)));
      expect(indexes.size).toBe(mode.faults.length);
    }
  });
});
