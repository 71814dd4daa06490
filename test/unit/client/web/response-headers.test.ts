import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isForSharedCaches, setCookies, varyByCookie } from '../../../../client/src/web/response-headers';

const cacheControlAfter = (before?: string): string | null => {
  const headers = new Headers(before === undefined ? {} : { 'Cache-Control': before });
  setCookies(headers, ['session=one; Path=/']);
  return headers.get('Cache-Control');
};

describe('setCookies()', () => {
  test.each([
    [undefined, 'private'],
    ['public, max-age=60', 'private, max-age=60'],
    ['s-maxage=60, max-age=10', 'private, max-age=10'],
    ['Public,S-MaxAge=60', 'private'],
    ['no-store', 'no-store'],
    ['no-cache', 'private, no-cache'],
    ['private="X-Own, X-Other", max-age=1', 'private, max-age=1'],
    ['no-cache="public, private"', 'private, no-cache="public, private"'],
    ['max-age="', 'private, max-age="'],
  ])('with Cache-Control: %s, makes it %s', (before, after) => {
    expect(cacheControlAfter(before)).toBe(after);
  });

  test('never leaves a response for shared caches, and removes nothing else', () => {
    const directive = fc.constantFrom(
      ...['public', 's-maxage=5', 'max-age=5', 'private', 'private="A, b"', 'no-cache="Set-Cookie"', 'no-store'],
      ...['must-revalidate', 'proxy-revalidate', 'immutable', 'stale-if-error=60', 'PUBLIC', ' S-Maxage = 5 '],
    );
    fc.assert(
      fc.property(fc.array(directive), fc.boolean(), (directives, isTargeted) => {
        const headers = new Headers({ 'Cache-Control': directives.join(',') });
        if (isTargeted) headers.set('CDN-Cache-Control', 'max-age=60');
        setCookies(headers, ['session=one']);
        expect(isForSharedCaches(headers)).toBe(false);
        const after = headers.get('Cache-Control')!;
        expect(/(^|, ?)(private|no-store)(,|$)/.test(after)).toBe(true);
        expect(headers.get('CDN-Cache-Control')).toBeNull();
        for (const kept of ['max-age=5', 'must-revalidate', 'immutable', 'stale-if-error=60'])
          if (directives.includes(kept)) expect(after).toContain(kept);
      }),
    );
  });

  test('replaces cookies of the same name, and keeps the others in order', () => {
    const headers = new Headers();
    const name = fc.constantFrom('session', '__Host-session', 'theme', 'a');
    fc.assert(
      fc.property(fc.array(name), fc.uniqueArray(name, { minLength: 1 }), (before, set) => {
        headers.delete('Set-Cookie');
        for (const each of before) headers.append('Set-Cookie', `${each}=old; Path=/`);
        setCookies(
          headers,
          set.map((each) => `${each}=new; Path=/`),
        );
        const kept = before.filter((each) => !set.includes(each));
        expect(headers.getSetCookie()).toEqual([
          ...kept.map((each) => `${each}=old; Path=/`),
          ...set.map((each) => `${each}=new; Path=/`),
        ]);
      }),
    );
  });
});

test.each([
  [{}, false],
  [{ 'Cache-Control': 'max-age=60' }, false],
  [{ 'Cache-Control': 'max-age=60, public' }, true],
  [{ 'Cache-Control': 's-maxage=1' }, true],
  [{ 'Cache-Control': 'private, s-maxage=1' }, false],
  [{ 'CDN-Cache-Control': 'max-age=60' }, true],
  [{ 'Surrogate-Control': 'max-age=60' }, true],
])('isForSharedCaches(%j): %s', (headers, expected) => {
  expect(isForSharedCaches(new Headers(headers))).toBe(expected);
});

test.each([
  [null, 'Cookie'],
  ['Accept', 'Accept, Cookie'],
  ['Accept, COOKIE', 'Accept, COOKIE'],
  ['*', '*'],
  ['X-Cookie', 'X-Cookie, Cookie'],
])('varyByCookie() with %j: %s', (before, after) => {
  const headers = new Headers(before === null ? {} : { Vary: before });
  varyByCookie(headers);
  expect(headers.get('Vary')).toBe(after);
});
