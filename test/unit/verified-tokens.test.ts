import { expect, test } from '@jest/globals';
import { createTokens, randomSigningKey } from '../../server/src/session/token';
import type { Tokens } from '../../server/src/session/token';
import { rememberVerified } from '../../server/src/verified-tokens';

function counting(tokens: Tokens) {
  const verified: string[] = [];
  const verify = (token: string) => {
    verified.push(token);
    return tokens.verify(token);
  };
  return { verified, tokens: rememberVerified({ issue: (handle) => tokens.issue(handle), verify }) };
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
