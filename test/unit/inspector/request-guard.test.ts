import { expect, test } from '@jest/globals';
import { isForeign, isOwnHost } from '../../../server/src/inspector/request-guard';

test.each([undefined, '', ':9465', '[::1', 'localhost:', 'localhost:1:2', 'localhost/', ' localhost', 'ops.'])(
  'the host %j is not one of this server',
  (host) => {
    expect(isOwnHost(host, ['ops'])).toBe(false);
  },
);

test.each([
  ['curl', {}, false],
  ['an address that was typed in', { 'sec-fetch-site': 'none' }, false],
  ['its own page', { 'sec-fetch-site': 'same-origin', origin: 'http://localhost:9465' }, false],
  ['its own page, from a browser without Sec-Fetch-Site', { origin: 'http://localhost:9465' }, false],
  ['its own page, behind a proxy with TLS', { origin: 'https://localhost:9465' }, false],
  ['a page of another origin', { origin: 'http://localhost:9466' }, true],
  [
    'a page that says it is its own, which browsers do not',
    { 'sec-fetch-site': 'cross-site', origin: 'http://localhost:9465' },
    true,
  ],
  ['a header that is empty', { 'sec-fetch-site': '' }, true],
  ['an origin that is not a URL', { origin: 'null' }, true],
])('a request of %s', (_, headers, expected) => {
  expect(isForeign({ host: 'localhost:9465', ...headers })).toBe(expected);
});
