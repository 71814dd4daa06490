import { expect, test } from '@jest/globals';
import { hostOf, isHttps } from '../../../../client/src/web/forwarded';

test.each([
  [true, undefined, false, true],
  [false, undefined, false, false],
  [false, 'https', false, false],
  [true, 'http', false, true],
  [false, undefined, true, false],
  [true, undefined, true, true],
  [false, 'https', true, true],
  [true, 'http', true, false],
  [false, 'HTTPS , http', true, true],
  [false, 'http, https', true, false],
  [false, ['https'], true, false],
])('encrypted: %s, X-Forwarded-Proto: %j, trusted: %s, so https: %s', (isEncrypted, proto, trustProxy, expected) => {
  expect(isHttps(isEncrypted, proto, trustProxy)).toBe(expected);
});

test('A request was sent to the host of its header, otherwise of its URL', () => {
  const url = 'http://localhost:3000/page';
  expect(hostOf(new Request(url))).toBe('localhost:3000');
  expect(hostOf(new Request(url, { headers: { Host: 'shop.example' } }))).toBe('shop.example');
});
