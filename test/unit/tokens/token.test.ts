import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createTokens } from '../../../server/src/tokens/token';
import { codePoint } from '../../support/code-point';

const [oldKey, newKey, foreignKey] = ['old', 'new', 'foreign'].map((name) => Buffer.from(name.repeat(16))) as [
  Buffer,
  Buffer,
  Buffer,
];

describe('createTokens()', () => {
  test('issues 68 characters that a cookie takes as they are', () => {
    expect(createTokens([newKey]).issue().token).toMatch(/^[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{24}$/);
  });

  test('never issues a token twice', () => {
    const tokens = createTokens([newKey]);
    const issued = new Set(Array.from({ length: 1000 }, () => tokens.issue().handle));
    expect(issued.size).toBe(1000);
  });

  test('what is stored of a token is its first half and the SHA-256 of the second, which do not make a token', () => {
    const { token, handle, secretHash } = createTokens([newKey]).issue();
    const id = Buffer.from(token.slice(0, 43), 'base64url');
    expect(handle).toBe(id.subarray(0, 16).toString('base64url'));
    expect(secretHash).toBe(createHash('sha256').update(id.subarray(16)).digest('base64url'));
    expect(token).not.toContain(secretHash);
  });

  test('a new token for a session keeps its handle and changes its secret', () => {
    const tokens = createTokens([newKey]);
    const first = tokens.issue();
    const second = tokens.issue(first.handle);
    expect(second.handle).toBe(first.handle);
    expect(second.secretHash).not.toBe(first.secretHash);
    expect(tokens.verify(second.token)).toEqual({
      valid: true,
      ref: { handle: second.handle, secretHash: second.secretHash },
    });
  });

  test('the token of an id is always the same, and neither the id nor the handle tells its secret', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (id, other) => {
        const derived = createTokens([oldKey]).derive(id);
        expect(createTokens([oldKey]).derive(id)).toEqual(derived);
        expect(createTokens([oldKey]).verify(derived.token)).toEqual({
          valid: true,
          ref: { handle: derived.handle, secretHash: derived.secretHash },
        });
        expect(createTokens([oldKey]).derive(other).handle === derived.handle).toBe(id === other);
        expect(derived.secretHash.slice(0, 22)).not.toBe(derived.handle);
      }),
    );
  });

  test('after a rotation of keys, an id still has the same session', () => {
    const { handle, secretHash } = createTokens([oldKey]).derive('an id');
    expect(createTokens([newKey, oldKey]).derive('an id')).toMatchObject({ handle, secretHash });
  });

  test('the first key signs and all verify, so that keys can be rotated without a logout', () => {
    const { token } = createTokens([oldKey]).issue();
    expect(createTokens([newKey, oldKey]).verify(token)).toMatchObject({ valid: true });
    expect(createTokens([oldKey]).verify(createTokens([newKey, oldKey]).issue().token)).toEqual({
      valid: false,
      problem: 'unknown_key',
    });
  });

  test('a token signed with an unlisted key is distinguished from a forged one', () => {
    const { token } = createTokens([foreignKey]).issue();
    expect(createTokens([newKey]).verify(token)).toEqual({ valid: false, problem: 'unknown_key' });
  });

  test('a change of any one character makes a token invalid', () => {
    const tokens = createTokens([newKey, oldKey]);
    const character = fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ');
    fc.assert(
      fc.property(fc.nat({ max: 67 }), character, (at, replacement) => {
        const { token } = tokens.issue();
        fc.pre(token[at] !== replacement);
        const forged = token.slice(0, at) + replacement + token.slice(at + 1);
        expect(tokens.verify(forged)).toMatchObject({ valid: false });
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['nothing', ''],
    ['no signature', 'A'.repeat(43)],
    ['an empty signature', `${'A'.repeat(43)}.`],
    ['a cut signature', `${'A'.repeat(43)}.${'A'.repeat(23)}`],
    ['padding', `${'A'.repeat(42)}=.${'A'.repeat(24)}`],
    ['a newline at the end', `${'A'.repeat(43)}.${'A'.repeat(24)}\n`],
    ['a megabyte', 'A'.repeat(1_048_576)],
    ['invalid UTF-8', '\ufffd'.repeat(68)],
  ])('a token of %s is malformed', (_what, token) => {
    expect(createTokens([newKey]).verify(token)).toEqual({ valid: false, problem: 'malformed' });
  });

  test('any text at all is answered, and never accepted', () => {
    const tokens = createTokens([newKey]);
    fc.assert(fc.property(fc.string({ unit: codePoint }), (text) => !tokens.verify(text).valid));
  });

  test('without a key nothing can be signed', () => {
    expect(() => createTokens([])).toThrow(TypeError);
  });
});
