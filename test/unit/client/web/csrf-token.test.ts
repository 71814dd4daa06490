import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { csrfToken, isCsrfToken, maskToken } from '../../../../client/src/web/csrf-token';

const sessionOf = (own: string) => ({
  csrfToken: () => Promise.resolve(own),
  checkCsrfToken: (token: string | undefined) => token === own,
});
const token = fc.string({ minLength: 1, maxLength: 64, unit: 'grapheme' });

test('A masked token is another text each time', async () => {
  const session = sessionOf('CBMMhBFuk2uLgflw0YSnSw');
  const tokens = await Promise.all(Array.from({ length: 100 }, () => csrfToken(session)));
  expect(new Set(tokens).size).toBe(100);
});

test('No byte of a masked token is the same each time', () => {
  const masked = Array.from({ length: 64 }, () => Buffer.from(maskToken('CBMMhBFuk2uLgflw0YSnSw'), 'base64url'));
  const lengths = new Set(masked.map(({ length }) => length));
  expect([...lengths]).toEqual([44]);
  for (const index of masked[0]!.keys()) expect(new Set(masked.map((bytes) => bytes[index])).size).toBeGreaterThan(1);
});

test('It consists of what forms, headers and URLs leave alone', () => {
  fc.assert(fc.property(token, (text) => expect(maskToken(text)).toMatch(/^[\w-]+$/)));
});

describe('The session accepts', () => {
  test('each masked form of its token, and the token itself', () => {
    fc.assert(
      fc.property(token, (own) => isCsrfToken(sessionOf(own), maskToken(own)) && isCsrfToken(sessionOf(own), own)),
    );
  });

  test('neither another token nor another text', () => {
    fc.assert(
      fc.property(token, token, fc.string(), (own, other, text) => {
        fc.pre(own !== other && own !== text);
        return !isCsrfToken(sessionOf(own), maskToken(other)) && !isCsrfToken(sessionOf(own), text);
      }),
    );
  });

  test('no masked token of which a bit is wrong', () => {
    const own = 'CBMMhBFuk2uLgflw0YSnSw';
    fc.assert(
      fc.property(fc.nat({ max: 44 * 8 - 1 }), (bit) => {
        const bytes = Buffer.from(maskToken(own), 'base64url');
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        return !isCsrfToken(sessionOf(own), bytes.toString('base64url'));
      }),
    );
  });
});
