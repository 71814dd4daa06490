import { expect, test } from '@jest/globals';
import { createTokens, randomSigningKey } from '../../../server/src/tokens/token';
import type { Tokens } from '../../../server/src/tokens/token';
import { cacheVerifiedTokens, replaceableTokens } from '../../../server/src/tokens/token-cache';

function counting(tokens: Tokens) {
  const verified: string[] = [];
  const verify = (token: string) => {
    verified.push(token);
    return tokens.verify(token);
  };
  return { verified, tokens: cacheVerifiedTokens({ ...tokens, verify }) };
}

test('a genuine token is computed once, and gives the same each time', () => {
  const { tokens, verified } = counting(createTokens([randomSigningKey()]));
  const { token, handle, secretHash } = tokens.issue();
  for (let times = 0; times < 3; times += 1) {
    expect(tokens.verify(token)).toEqual({ valid: true, ref: { handle, secretHash } });
  }
  expect(verified).toEqual([token]);
});

test('a token that is not genuine is computed each time, and never taken for one that is', () => {
  const { tokens, verified } = counting(createTokens([randomSigningKey()]));
  const { token } = tokens.issue();
  tokens.verify(token);
  const foreign = createTokens([randomSigningKey()]).issue().token;
  const forged = token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A');
  for (const bad of [foreign, forged, foreign, forged, '']) expect(tokens.verify(bad)).toMatchObject({ valid: false });
  expect(verified).toHaveLength(6);
});

test('when keys are replaced, a token of a key that is gone is refused at once, though it was just verified', () => {
  const [old, fresh] = [randomSigningKey(), randomSigningKey()];
  const tokens = replaceableTokens([old]);
  const issued = tokens.issue();
  expect(tokens.verify(issued.token)).toMatchObject({ valid: true });

  tokens.replaceKeys([fresh, old]);
  expect(tokens.verify(issued.token)).toMatchObject({ valid: true });
  const next = tokens.issue();
  expect(createTokens([fresh]).verify(next.token)).toMatchObject({ valid: true });

  tokens.replaceKeys([fresh]);
  expect(tokens.verify(issued.token)).toEqual({ valid: false, problem: 'unknown_key' });
  expect(tokens.verify(next.token)).toMatchObject({ valid: true });
});

test('keys cannot be replaced by none', () => {
  const tokens = replaceableTokens([randomSigningKey()]);
  const { token } = tokens.issue();
  expect(() => tokens.replaceKeys([])).toThrow(TypeError);
  expect(tokens.verify(token)).toMatchObject({ valid: true });
});
