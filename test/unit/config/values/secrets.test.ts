import { describe, expect, test } from '@jest/globals';
import * as kinds from '../../../../server/src/config/values';
import { parse } from './parse';

describe('signing keys', () => {
  const [first, second] = [Buffer.alloc(32, 0xfb), Buffer.alloc(48, 2)];

  test('are base64 of either alphabet, with or without padding', () => {
    for (const text of [
      first.toString('base64'),
      first.toString('base64url'),
      first.toString('base64').replace(/=+$/, ''),
    ]) {
      expect(parse(kinds.signingKeys, text)).toEqual([first]);
    }
  });

  test('come in their order, separated by commas, spaces or line breaks', () => {
    for (const separator of [',', ', ', '\n', '\r\n', ',\n\n', ' ']) {
      expect(parse(kinds.signingKeys, `${first.toString('base64')}${separator}${second.toString('base64')}\n`)).toEqual(
        [first, second],
      );
    }
  });

  test.each([
    ['nothing', ' ,\n', 'Expected one or more keys of at least 32 bytes in base64.'],
    [
      'a key that is too short',
      Buffer.alloc(31).toString('base64'),
      'Expected keys of at least 32 bytes in base64; the key has 31.',
    ],
    [
      'a second key that is too short',
      `${first.toString('base64')},c2hvcnQ=`,
      'Expected keys of at least 32 bytes in base64; key 2 of 2 has 5.',
    ],
    ['a pass phrase', 'correct-horse!battery', 'Expected keys of at least 32 bytes in base64; the key is not base64.'],
    [
      'a key that lost a character',
      'A'.repeat(45),
      'Expected keys of at least 32 bytes in base64; the key is not base64.',
    ],
    [
      'padding in the middle',
      `AA==${'A'.repeat(60)}`,
      'Expected keys of at least 32 bytes in base64; the key is not base64.',
    ],
  ])('%s is refused and not repeated', (_, text, message) => {
    expect(() => parse(kinds.signingKeys, text)).toThrow(new Error(message));
  });
});

describe('encryption keys', () => {
  const [first, second] = [Buffer.alloc(32, 0xfb), Buffer.alloc(48, 2)];
  const [one, two] = [first, second].map((key) => key.toString('base64'));

  test('are written like signing keys, and the first one encrypts', () => {
    expect(parse(kinds.encryptionKeys, `${one}\n${two}`)).toEqual({ encrypts: true, keys: [first, second] });
  });

  test.each([`none,${one},${two}`, ` none\n${one} \n${two}\n`])('only decrypt after `none`: %j', (text) => {
    expect(parse(kinds.encryptionKeys, text)).toEqual({ encrypts: false, keys: [first, second] });
  });

  test.each([
    ['`none` alone', 'none', 'Expected one or more keys of at least 32 bytes in base64.'],
    ['`none` in another place', `${one},none`, 'Expected keys of at least 32 bytes in base64; key 2 of 2 has 3.'],
    ['a short key', 'none,c2hvcnQ=', 'Expected keys of at least 32 bytes in base64; the key has 5.'],
  ])('%s is refused', (_, text, message) => {
    expect(() => parse(kinds.encryptionKeys, text)).toThrow(new Error(message));
  });
});

describe('API tokens', () => {
  test('are separated by commas or line breaks', () => {
    const text = 'token-1-of-16-chars, token-2-of-16-chars\ntoken-3-of-16-chars\n';
    expect(parse(kinds.apiTokens, text)).toEqual(['token-1-of-16-chars', 'token-2-of-16-chars', 'token-3-of-16-chars']);
  });

  test.each([
    ['', 'Expected one or more tokens of at least 16 printable ASCII characters.'],
    ['secret', 'Expected tokens of at least 16 printable ASCII characters; the token has 6.'],
    ['token-1-of-16-chars,secret', 'Expected tokens of at least 16 printable ASCII characters; token 2 of 2 has 6.'],
    [
      'sécret-of-16-characters',
      'Expected tokens of at least 16 printable ASCII characters; the token has other characters.',
    ],
  ])('%j are refused without being repeated', (text, message) => {
    expect(() => parse(kinds.apiTokens, text)).toThrow(message);
  });
});
