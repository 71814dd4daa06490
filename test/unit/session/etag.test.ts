import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { etagOf, newGeneration } from '../../../server/src/session/etag';

const version = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

test('states of one generation have the same etag only if they have the same version', () => {
  const generation = newGeneration();
  fc.assert(
    fc.property(version, version, (one, other) => {
      expect(etagOf(generation, one).equals(etagOf(generation, other))).toBe(one === other);
    }),
  );
});

test('states of different generations never have the same etag', () => {
  expect(etagOf(newGeneration(), 1).equals(etagOf(newGeneration(), 1))).toBe(false);
});
