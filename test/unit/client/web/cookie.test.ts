import { describe, expect, test } from '@jest/globals';
import { decideCookie, readCookie, resolveCookie, setCookieHeader } from '../../../../client/src/web/cookie';

/** What is done in the request, as the state it leaves behind. */
const requests = {
  'starts new and does nothing': { arrived: undefined, current: undefined, isNew: true },
  'starts new and uses': { arrived: undefined, current: 'one', isNew: true },
  'starts new, invalidates': { arrived: undefined, current: undefined, isNew: true },
  'starts new, invalidates, uses': { arrived: undefined, current: 'one', isNew: true },
  'starts new, invalidates, uses, invalidates': { arrived: undefined, current: undefined, isNew: true },
  'starts new, invalidates, invalidates': { arrived: undefined, current: undefined, isNew: true },
  'finds a session': { arrived: 'one', current: 'one', isNew: false },
  'finds a session, invalidates': { arrived: 'one', current: undefined, isNew: true },
  'finds a session, invalidates, uses': { arrived: 'one', current: 'two', isNew: true },
  'finds a session, invalidates, uses, invalidates': { arrived: 'one', current: undefined, isNew: true },
  'finds a session, invalidates, invalidates': { arrived: 'one', current: undefined, isNew: true },
  'finds a session, regenerates': { arrived: 'one', current: 'two', isNew: false },
} as const;

// The table of the seed library (FEATURES 2.5), and what it does not have: nothing for visitors who wrote nothing, and
// the regenerated session, which must not get out of reach.
const table: [keyof typeof requests, usually: string, withheld: string][] = [
  ['starts new and does nothing', 'none', 'none'],
  ['starts new and uses', 'set', 'none'],
  ['starts new, invalidates', 'none', 'none'],
  ['starts new, invalidates, uses', 'set', 'none'],
  ['starts new, invalidates, uses, invalidates', 'none', 'none'],
  ['starts new, invalidates, invalidates', 'none', 'none'],
  ['finds a session', 'none', 'none'],
  ['finds a session, invalidates', 'delete', 'delete'],
  ['finds a session, invalidates, uses', 'set', 'delete'],
  ['finds a session, invalidates, uses, invalidates', 'delete', 'delete'],
  ['finds a session, invalidates, invalidates', 'delete', 'delete'],
  ['finds a session, regenerates', 'set', 'set'],
];

describe('decideCookie()', () => {
  test.each(table)(
    'A request that %s: %s; with cookieOnException=false and an exception: %s',
    (request, usually, withheld) => {
      const facts = requests[request];
      expect(decideCookie({ ...facts, failed: false, cookieOnException: true })).toBe(usually);
      expect(decideCookie({ ...facts, failed: true, cookieOnException: true })).toBe(usually);
      expect(decideCookie({ ...facts, failed: false, cookieOnException: false })).toBe(usually);
      expect(decideCookie({ ...facts, failed: true, cookieOnException: false })).toBe(withheld);
    },
  );
});

describe('setCookieHeader()', () => {
  test('writes a cookie that scripts and other sites do not get', () => {
    expect(setCookieHeader(resolveCookie(), 'abc.def', false)).toBe('session=abc.def; Path=/; HttpOnly; SameSite=Lax');
  });

  test('makes it Secure when the request came over https', () => {
    expect(setCookieHeader(resolveCookie(), 'abc', true)).toContain('; Secure');
    expect(setCookieHeader(resolveCookie({ secure: false }), 'abc', true)).not.toContain('Secure');
    expect(setCookieHeader(resolveCookie({ secure: true }), 'abc', false)).toContain('; Secure');
  });

  test('writes every option', () => {
    const cookie = resolveCookie({
      name: 'shop',
      path: '/shop',
      domain: 'example.com',
      secure: true,
      sameSite: 'none',
      httpOnly: false,
      maxAge: 60,
      partitioned: true,
    });
    const attributes = setCookieHeader(cookie, 'abc', false).split('; ');
    expect(attributes.sort()).toEqual(
      ['shop=abc', 'Max-Age=60', 'Domain=example.com', 'Path=/shop', 'Secure', 'Partitioned', 'SameSite=None'].sort(),
    );
  });

  test('deletes under the same name, path and domain', () => {
    const cookie = resolveCookie({ path: '/shop', domain: 'example.com', maxAge: 60 });
    expect(setCookieHeader(cookie, undefined, false)).toBe(
      'session=; Max-Age=0; Domain=example.com; Path=/shop; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax',
    );
  });
});

describe('resolveCookie()', () => {
  test.each([
    ['a name that no cookie can have', { name: 'a b' }],
    ['a path that would end the attribute', { path: '/;' }],
    ['a domain that is none', { domain: 'a;b' }],
    ['a lifetime that is no whole number', { maxAge: 1.5 }],
    ['__Secure- without Secure', { name: '__Secure-session' }],
    ['__Host- with a domain', { name: '__Host-session', secure: true, domain: 'example.com' }],
  ])('refuses %s', (_, options) => {
    expect(() => resolveCookie(options)).toThrow(TypeError);
  });
});

test('readCookie() finds the cookie among others', () => {
  const cookie = resolveCookie();
  expect(readCookie('a=1; session=abc.def; b=2', cookie)).toBe('abc.def');
  expect(readCookie('sessions=abc', cookie)).toBeUndefined();
  expect(readCookie(undefined, cookie)).toBeUndefined();
});
