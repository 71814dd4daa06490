import { expect, test } from '@jest/globals';
import { isHttps } from '../../../../client/src/web/forwarded';

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
