import { describe, expect, test } from '@jest/globals';
import { ApiTokens } from '../../../server/src/grpc/api-tokens';

const [one, two] = ['token-one-of-16-characters', 'token-two-of-16-characters'];
const accepts = (tokens: ApiTokens, header?: string): boolean => tokens.accept(tokens.digestOf(header));

describe('API tokens', () => {
  test('are not required when none are configured', () => {
    const tokens = new ApiTokens(undefined);
    expect([accepts(tokens), accepts(tokens, 'Bearer anything')]).toEqual([true, true]);
  });

  test.each([`Bearer ${one}`, `bearer ${one}`, `BEARER  ${one} `, `Bearer ${two}`])('let in %j', (header) => {
    expect(accepts(new ApiTokens([one, two]), header)).toBe(true);
  });

  test.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    one,
    `Basic ${one}`,
    `Bearer ${one}x`,
    `Bearer ${one.slice(1)}`,
    `Bearer ${one},${two}`,
    `Bearer ${one} ${two}`,
    `Bearer ${one.toUpperCase()}`,
  ])('keep out %j', (header) => {
    expect(accepts(new ApiTokens([one, two]), header)).toBe(false);
  });

  test('reject every call when the list is empty', () => {
    expect(accepts(new ApiTokens([]), `Bearer ${one}`)).toBe(false);
  });

  test('can be replaced: the old ones are rejected from then on', () => {
    const tokens = new ApiTokens([one]);
    let replaced = 0;
    tokens.onReplaced(() => (replaced += 1));
    tokens.replace([two]);
    expect([accepts(tokens, `Bearer ${one}`), accepts(tokens, `Bearer ${two}`), replaced]).toEqual([false, true, 1]);
    tokens.replace(undefined);
    expect(accepts(tokens)).toBe(true);
  });
});
