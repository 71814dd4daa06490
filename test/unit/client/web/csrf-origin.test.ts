import { describe, expect, test } from '@jest/globals';
import { foreignOrigin, resolveTrustedOrigins } from '../../../../client/src/web/csrf-origin';

const trusted = resolveTrustedOrigins(['https://trusted.example']);
const judge = (headers: Record<string, string>, host: string | undefined = 'shop.example:8080') =>
  foreignOrigin({ headers: new Headers(headers), host }, trusted);

describe('A request may come', () => {
  test.each<[string, Record<string, string>]>([
    ['from the same origin', { 'Sec-Fetch-Site': 'same-origin' }],
    ['from the same origin, which a policy keeps secret', { 'Sec-Fetch-Site': 'same-origin', Origin: 'null' }],
    [
      'from the same origin, behind a proxy that changes the host',
      { 'Sec-Fetch-Site': 'same-origin', Origin: 'https://a.example' },
    ],
    ['from the user', { 'Sec-Fetch-Site': 'none' }],
    ['from a trusted origin of another site', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://trusted.example' }],
    ['from a trusted origin, as an old browser says', { Origin: 'https://trusted.example' }],
    ['from a page of a trusted origin', { Referer: 'https://trusted.example/page' }],
    ['from the same host, by http', { Origin: 'http://shop.example:8080' }],
    ['from the same host, by https to a proxy', { Origin: 'https://shop.example:8080' }],
    ['from a page of the same host', { Referer: 'http://shop.example:8080/page?q=1' }],
    ['from no browser', {}],
    ['from no browser, with empty headers', { Origin: '', Referer: '', 'Sec-Fetch-Site': '' }],
    ['from the same host, with an unknown relation', { 'Sec-Fetch-Site': 'new', Origin: 'http://shop.example:8080' }],
  ])('%s', (_, headers) => {
    expect(judge(headers)).toBeUndefined();
  });

  test('from a host that is written in capitals', () => {
    expect(judge({ Origin: 'http://shop.example' }, 'Shop.Example')).toBeUndefined();
  });
});

describe('A request may not come', () => {
  test.each<[string, Record<string, string>, reason: string]>([
    [
      'from another site',
      { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' },
      'Sec-Fetch-Site is cross-site, Origin is "https://evil.example"',
    ],
    [
      'from another host of the same site',
      { 'Sec-Fetch-Site': 'same-site', Origin: 'https://a.trusted.example' },
      'Sec-Fetch-Site is same-site, Origin is "https://a.trusted.example"',
    ],
    ['from an unknown origin', { 'Sec-Fetch-Site': 'cross-site' }, 'Sec-Fetch-Site is cross-site, Origin is absent'],
    [
      'from another site, though the host is its own',
      { 'Sec-Fetch-Site': 'cross-site', Origin: 'http://shop.example:8080' },
      'Sec-Fetch-Site is cross-site, Origin is "http://shop.example:8080"',
    ],
    ['from another host', { Origin: 'http://evil.example' }, 'Origin is "http://evil.example"'],
    ['from another port', { Origin: 'http://shop.example' }, 'Origin is "http://shop.example"'],
    [
      'from a host of which the own is the beginning',
      { Origin: 'http://shop.example:80801' },
      'Origin is "http://shop.example:80801"',
    ],
    ['from a sandbox', { Origin: 'null' }, 'Origin is "null"'],
    ['from what is no origin', { Origin: 'shop.example:8080' }, 'Origin is "shop.example:8080"'],
    ['from a trusted origin by http', { Origin: 'http://trusted.example' }, 'Origin is "http://trusted.example"'],
    [
      'from another host, though the Referer is its own',
      { Origin: 'null', Referer: 'http://shop.example:8080/' },
      'Origin is "null"',
    ],
    [
      'from a page of another host, of which only the origin is told',
      { Referer: 'http://evil.example/http://shop.example:8080/?secret' },
      'the origin of Referer is "http://evil.example"',
    ],
    ['from a page that is no URL', { Referer: 'shop' }, 'the origin of Referer is "null"'],
    [
      'from another host, with an unknown relation',
      { 'Sec-Fetch-Site': 'new', Origin: 'http://evil.example' },
      'Origin is "http://evil.example"',
    ],
  ])('%s', (_, headers, reason) => {
    expect(judge(headers)).toBe(reason);
  });

  test('from any host, if it is unknown which one it was sent to', () => {
    const headers = new Headers({ Origin: 'http://shop.example' });
    expect(foreignOrigin({ headers, host: undefined }, trusted)).toBe('Origin is "http://shop.example"');
  });
});

test.each([
  'shop.example',
  'https://shop.example/',
  'https://Shop.example',
  'https://shop.example:443',
  '*',
  'null',
  '',
])('The trusted origin %j is refused', (origin) => {
  expect(() => resolveTrustedOrigins(['https://a.example', origin])).toThrow(
    new TypeError(
      `Expected each of \`trustedOrigins\` to be an origin such as https://shop.example.com, got \`${origin}\``,
    ),
  );
});
