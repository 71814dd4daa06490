import { describe, expect, test } from '@jest/globals';
import { checkHistory } from '../check';
import { goodHistory } from '../good-history';

const seeds = Array.from({ length: 25 }, (_, seed) => seed);

describe('the checker accepts a history in which every promise is kept', () => {
  test.each([
    ['plain', {}],
    ['with a near cache', { nearCache: true }],
    ['with a failover', { loss: 'recent' }],
    ['with a restart that loses everything', { loss: 'sessions' }],
  ] as const)('%s', (_what, options) => {
    for (const seed of seeds) {
      const violations = checkHistory(goodHistory({ seed, ...options }));
      expect({ seed, messages: violations.map(({ message }) => message) }).toEqual({ seed, messages: [] });
    }
  });
});
