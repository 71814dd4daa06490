import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SessionClient } from '@session-sidecar/client';
import { nameViolations } from '../../../../server/src/session/validation';
import { assertName } from '../../../../client/src/session/names';
import { messageOf } from '../../../support/errors';
import { stackForAllTests } from '../../../support/stack';
import { codePoint } from '../../../support/code-point';

const client = stackForAllTests().use(new SessionClient({ address: '127.0.0.1:1' }));

test.each([true, false])('The client accepts what the sidecar accepts, which may be empty: %j', (mayBeEmpty) => {
  const name = fc.oneof(
    fc.string({ unit: codePoint, maxLength: 300 }),
    fc.string({ unit: 'grapheme', minLength: 60, maxLength: 130 }),
    fc.constantFrom('', 'x'.repeat(256), 'x'.repeat(257), 'é'.repeat(128), 'é'.repeat(129), '\ufffd', 'a\nb', '\u007f'),
  );
  fc.assert(
    fc.property(name, (text) => {
      const isRefused = nameViolations('key', text, { mayBeEmpty }).length > 0;
      expect(messageOf(() => assertName('the key', text, { mayBeEmpty })) !== undefined).toBe(isRefused);
    }),
  );
});

describe('A key that the sidecar would refuse', () => {
  const session = client.create();

  test.each<[string, () => unknown]>([
    ['set', () => session.set('a\nb', 1)],
    ['setDefault', () => session.setDefault('', 1)],
    ['update', () => session.update({ good: 1, ['x'.repeat(257)]: 1 })],
    ['flash', () => session.flash('Hello', { queue: '\u0000' })],
    ['flash, with half of a character,', () => session.flash('Hello', { queue: '\ud83d' })],
  ])('is refused by %s(), and nothing is left to save', (_, write) => {
    expect(messageOf(write)).toMatch(/^Expected .* bytes of UTF-8 without control characters, got /);
    expect([session.size, session.hasChanges]).toEqual([0, false]);
  });

  test('is not part of the error', () => {
    expect(messageOf(() => session.set('secret\n', 1))).not.toContain('secret');
  });
});
