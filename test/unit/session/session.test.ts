import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { expiryOf, touchIntervalOf } from '../../../server/src/session/session';

const milliseconds = fc.integer({ min: 1, max: 10 * 365 * 24 * 3_600_000 });
const policy = fc.record({
  idleTimeout: fc.option(milliseconds, { nil: undefined }),
  touchInterval: fc.option(milliseconds, { nil: undefined }),
  maxLifetime: fc.option(milliseconds, { nil: undefined }),
});

describe('expiryOf()', () => {
  test('is at least the idle timeout and at most one touch interval more after the last access, or the end of the lifetime', () => {
    fc.assert(
      fc.property(policy, milliseconds, fc.option(milliseconds, { nil: undefined }), (terms, age, idleTimeout) => {
        const created = 1_795_500_000_000;
        const accessed = created + age;
        const expires = expiryOf(terms, { created, accessed, idleTimeout }) ?? Infinity;
        const absoluteEnd = created + (terms.maxLifetime ?? Infinity);
        const idleEnd = accessed + (idleTimeout ?? Infinity);
        expect(expires).toBeLessThanOrEqual(absoluteEnd);
        if (expires !== absoluteEnd) {
          expect(expires).toBeGreaterThanOrEqual(idleEnd);
          expect(expires).toBeLessThanOrEqual(idleEnd + touchIntervalOf(terms, idleTimeout));
        }
      }),
    );
  });
});

describe('touchIntervalOf()', () => {
  const terms = { idleTimeout: undefined, maxLifetime: undefined };

  test.each([
    [undefined, 1_200_000, 60_000],
    [undefined, 100_000, 10_000],
    [undefined, 1_005, 100],
    [undefined, undefined, 60_000],
    [300_000, 1_200_000, 300_000],
    [300_000, 100_000, 100_000],
    [300_000, undefined, 300_000],
    [0, 1_200_000, 0],
  ])('with the setting %p and an idle timeout of %p is %p', (touchInterval, idleTimeout, expected) => {
    expect(touchIntervalOf({ ...terms, touchInterval }, idleTimeout)).toBe(expected);
  });
});
