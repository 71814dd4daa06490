import { describe, expect, test } from '@jest/globals';
import { createTokens, randomSigningKey } from '../../server/src/tokens/token';

/*
 * Tokens are in browsers' cookies. These were computed with node:crypto alone, as the comment on Tokens describes them: a
 * sidecar that does not take them logs every visitor out.
 */
const key = Buffer.from('AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=', 'base64');
const golden = {
  token: '__79_Pv6-fj39vX08_Lx8O_u7ezr6uno5-bl5OPi4eA.Yw1RXfCZxfH7L5Kh7tPfushe',
  handle: '__79_Pv6-fj39vX08_Lx8A',
  secretHash: 'AWHHvEHCU_ZcSkEn3uTrM8oRMeWFHZJQD6ioaEjoczM',
};

describe('a token of the first release', () => {
  const ref = { handle: golden.handle, secretHash: golden.secretHash };

  test('verifies with the key that signed it, and unlocks the same session', () => {
    expect(createTokens([key]).verify(golden.token)).toEqual({ valid: true, ref });
  });

  test('verifies after the key was rotated', () => {
    expect(createTokens([randomSigningKey(), key]).verify(golden.token)).toEqual({ valid: true, ref });
  });

  test('is distinguished from one of an unknown key, a forged and a damaged one', () => {
    const tokens = createTokens([key]);
    const [id = ''] = golden.token.split('.');
    expect(tokens.verify(`${id}.AAAA${golden.token.slice(48)}`)).toEqual({ valid: false, problem: 'unknown_key' });
    expect(tokens.verify(`A${golden.token.slice(1)}`)).toEqual({ valid: false, problem: 'bad_signature' });
    expect(tokens.verify(golden.token.slice(1))).toEqual({ valid: false, problem: 'malformed' });
  });
});

test('a token that is issued now has the same form', () => {
  const { token } = createTokens([key]).issue(golden.handle);
  expect(token).toMatch(/^[\w-]{43}\.[\w-]{24}$/);
  expect(token.slice(0, 21)).toBe(golden.token.slice(0, 21));
  // The first two bytes of the signature tell the key.
  expect(token.slice(44, 46)).toBe('Yw');
});
