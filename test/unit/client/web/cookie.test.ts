import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CookieJar } from 'tough-cookie';
import { readCookies, resolveCookie, setCookieHeaders } from '../../../../client/src/web/cookie';
import type { CookieOptions, ResolvedCookie } from '../../../../client/src/web/cookie';

const tokens = ['a', 'b', 'c', 'd'].map((letter) => `${letter.repeat(43)}.${letter.repeat(24)}`) as [
  string,
  string,
  string,
  string,
];
const [a, b, c, d] = tokens;

const set = (options: CookieOptions, isHttps: boolean, brought: string[] = []) =>
  setCookieHeaders(resolveCookie(options), a, { isHttps, names: brought, isPersistent: true });

describe('setCookieHeaders()', () => {
  test('writes a cookie that scripts and other sites do not get', () => {
    expect(set({}, false)).toEqual([`session_sidecar=${a}; Path=/; HttpOnly; SameSite=Lax`]);
  });

  test('writes one over https that no other host can set', () => {
    expect(set({}, true)).toEqual([`__Host-session_sidecar=${a}; Path=/; HttpOnly; Secure; SameSite=Lax`]);
    expect(set({ secure: true }, false)).toEqual(set({}, true));
  });

  test.each<[string, CookieOptions]>([
    ['subdomains, too', { domain: 'example.com' }],
    ['a path', { path: '/shop' }],
  ])('writes one over https that cannot be set over http where it is for %s', (_, options) => {
    expect(set(options, true)).toEqual([expect.stringMatching(/^__Secure-session_sidecar=.*; Secure/)]);
    expect(set(options, false)).toEqual([expect.stringMatching(/^session_sidecar=/)]);
  });

  test('does without a prefix where the cookie is to be sent over http, too', () => {
    expect(set({ secure: false }, true)).toEqual([expect.stringMatching(/^session_sidecar=/)]);
  });

  test('limits the lifetime of a persistent cookie only', () => {
    const cookie = resolveCookie({ maxAge: 60 });
    const write = (isPersistent: boolean) => setCookieHeaders(cookie, a, { isHttps: false, names: [], isPersistent });
    expect([write(true)[0]!.includes('; Max-Age=60'), write(false)[0]!.includes('Max-Age')]).toEqual([true, false]);
  });

  test('uses a name as it is given', () => {
    expect(set({ name: 'shop' }, true)).toEqual([expect.stringMatching(/^shop=.*; Secure/)]);
  });

  test('makes it Secure when the request came over https', () => {
    expect(set({ name: 'shop' }, false)[0]).not.toContain('Secure');
    expect(set({ secure: false }, true)[0]).not.toContain('Secure');
  });

  test('writes every option', () => {
    const options = {
      name: 'shop',
      path: '/shop',
      domain: 'example.com',
      secure: true,
      sameSite: 'none',
      httpOnly: false,
      maxAge: 60,
      partitioned: true,
      priority: 'high',
    } as const;
    const attributes = set(options, false)[0]!.split('; ');
    expect(attributes.sort()).toEqual(
      [
        `shop=${a}`,
        'Max-Age=60',
        'Domain=example.com',
        'Path=/shop',
        'Secure',
        'Partitioned',
        'Priority=High',
        'SameSite=None',
      ].sort(),
    );
  });

  test('is one that browsers accept over http as well: Lax and not partitioned', () => {
    const options = { sameSite: 'none', partitioned: true } as const;
    expect(set(options, false)).toEqual([`session_sidecar=${a}; Path=/; HttpOnly; SameSite=Lax`]);
    expect(set(options, true)[0]).toMatch(/Secure.*Partitioned.*SameSite=None|Secure.*SameSite=None.*Partitioned/);
  });

  test('deletes under the same name, path and domain', () => {
    const cookie = resolveCookie({ path: '/shop', domain: 'example.com', maxAge: 60 });
    expect(
      setCookieHeaders(cookie, undefined, { isHttps: false, names: ['session_sidecar'], isPersistent: true }),
    ).toEqual([
      'session_sidecar=; Max-Age=0; Domain=example.com; Path=/shop; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax',
    ]);
  });

  const namesOf = (headers: readonly string[]) => headers.map((header) => header.replace(/;.*/, ''));

  test('deletes under each name that the browser sent', () => {
    const brought = ['__Host-session_sidecar', 'session_sidecar'];
    expect(
      namesOf(setCookieHeaders(resolveCookie(), undefined, { isHttps: true, names: brought, isPersistent: true })),
    ).toEqual(['__Host-session_sidecar=', 'session_sidecar=']);
  });

  test('deletes a cookie that the browser sent under another name than the one that is set', () => {
    expect(namesOf(set({}, true, ['session_sidecar']))).toEqual([`__Host-session_sidecar=${a}`, 'session_sidecar=']);
    expect(namesOf(set({}, true, ['__Host-session_sidecar']))).toEqual([`__Host-session_sidecar=${a}`]);
    // Only a browser that is on https brings it, though a proxy may hide that.
    const [plain, host] = set({}, false, ['__Host-session_sidecar']);
    expect(namesOf([plain!, host!])).toEqual([`session_sidecar=${a}`, '__Host-session_sidecar=']);
    expect([plain!.includes('Secure'), host!.includes('Secure')]).toEqual([false, true]);
  });
});

describe('resolveCookie()', () => {
  test.each<[string, object]>([
    ['a name that no cookie can have', { name: 'a b' }],
    ['no name', { name: '' }],
    ['a path that would end the attribute', { path: '/;' }],
    ['a path that does not begin with /', { path: 'shop' }],
    ['a path that browsers ignore', { path: `/${'x'.repeat(1024)}` }],
    ['a domain that would end the attribute', { domain: 'a;b' }],
    ['a lifetime that is no whole number', { maxAge: 1.5 }],
    ['a lifetime that is over at once', { maxAge: 0 }],
    ['a lifetime that is over before', { maxAge: -1 }],
    ['SameSite=None without Secure', { sameSite: 'none', secure: false }],
    ['Partitioned without Secure', { partitioned: true, secure: false }],
    ['__Secure- without Secure', { name: '__Secure-session' }],
    ['__secure- in other letters without Secure', { name: '__SECURE-session', secure: false }],
    ['__Host- with a domain', { name: '__Host-session', secure: true, domain: 'example.com' }],
    ['__Host- with a path', { name: '__host-session', secure: true, path: '/shop' }],
    ['__Http- for scripts', { name: '__Http-session', secure: true, httpOnly: false }],
    ['__Host-Http- for scripts', { name: '__Host-Http-session', secure: true, httpOnly: false }],
    ['__Host-Http- with a path', { name: '__Host-Http-session', secure: true, path: '/shop' }],
    ['a path that would lose its last space', { path: '/shop ' }],
    ['a cookie that is renewed without a lifetime', { rolling: true }],
    ['an unknown priority', { priority: 'urgent' }],
    ['a domain with a port', { domain: 'example.com:8080' }],
    ['a Secure that is neither', { secure: null }],
    ['an unknown SameSite', { sameSite: 'Loose' }],
    ['a SameSite in other letters', { sameSite: 'None' }],
  ])('refuses %s', (_, options) => {
    expect(() => resolveCookie(options)).toThrow(TypeError);
  });

  test('says which option browsers refuse, and why', () => {
    expect(() => resolveCookie({ sameSite: 'none', secure: false })).toThrow(
      'Expected `cookie.secure` to be true, because browsers reject SameSite=None otherwise',
    );
  });

  test('writes nothing that browsers reject or change, for any combination of options', async () => {
    const options = fc.record(
      {
        priority: fc.constantFrom('low' as const, 'medium' as const, 'high' as const),
        rolling: fc.boolean(),
        name: fc.constantFrom('shop', '__Secure-shop', '__Host-shop', '__hOsT-shop', '__Http-shop', '__Host-Http-shop'),
        path: fc.constantFrom('/', '/shop', '', 'shop'),
        domain: fc.constantFrom('example.com', '.example.com', 'shop.example.com'),
        secure: fc.constantFrom(true, false, 'auto' as const),
        sameSite: fc.constantFrom('strict' as const, 'lax' as const, 'none' as const),
        httpOnly: fc.boolean(),
        maxAge: fc.constantFrom(-1, 0, 1, 60, 10 ** 10),
        partitioned: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    let kept = 0;
    await fc.assert(
      fc.asyncProperty(options, fc.boolean(), fc.boolean(), async (combined, isHttps, isPersistent) => {
        let cookie: ResolvedCookie;
        try {
          cookie = resolveCookie(combined);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
          return;
        }
        // `secure: true` means that browsers come by https.
        const isSecure = isHttps || combined.secure === true;
        const url = `${isSecure ? 'https' : 'http'}://shop.example.com${cookie.path}`;
        const jar = new CookieJar(undefined, { prefixSecurity: 'strict' });
        const headers = setCookieHeaders(cookie, a, { isHttps, names: [], isPersistent });
        expect(headers).toHaveLength(1);
        expect(objectionTo(headers[0]!)).toBeUndefined();
        await jar.setCookie(headers[0]!, url);
        const [stored, ...more] = await jar.getCookies(url);
        expect(more).toEqual([]);
        const { tokens, names } = readCookies(stored!.cookieString(), cookie);
        expect(tokens).toEqual([a]);
        await jar.setCookie(setCookieHeaders(cookie, undefined, { isHttps, names, isPersistent })[0]!, url);
        expect(await jar.getCookies(url)).toEqual([]);
        kept += 1;
      }),
      { numRuns: 2000 },
    );
    expect(kept).toBeGreaterThan(100);
  });
});

/** What RFC 6265bis objects to in a `Set-Cookie` header and the jar does not, being older. */
function objectionTo(header: string): string | undefined {
  const [pair = '', ...attributes] = header.split('; ');
  const has = (attribute: string) => attributes.some((each) => each.toLowerCase().startsWith(attribute));
  const isSecure = has('secure');
  const name = pair.split('=')[0]!.toLowerCase();
  if (has('samesite=none') && !isSecure) return 'SameSite=None without Secure';
  if (has('partitioned') && !isSecure) return 'Partitioned without Secure';
  if (/^__(secure|host|http)-/.test(name) && !isSecure) return 'a prefix without Secure';
  if (/^__(http|host-http)-/.test(name) && !has('httponly')) return '__Http- without HttpOnly';
  if (name.startsWith('__host-') && (has('domain') || !attributes.includes('Path=/'))) return '__Host- for others';
  return undefined;
}

describe('readCookies()', () => {
  const cookie = resolveCookie();
  const read = (header: string | undefined) => readCookies(header, cookie).tokens;

  test('finds the cookie among others', () => {
    expect(read(`a=1; session_sidecar=${a}; b=2`)).toEqual([a]);
    expect(read(`session_sidecars=${a}; xsession_sidecar=${b}`)).toEqual([]);
    expect(read('')).toEqual([]);
    expect(read(undefined)).toEqual([]);
  });

  test('finds all of several, each once, in the order of the browser, and leaves out what is no token', () => {
    const values = ['made-up', b, '', a, `"${b}"`, encodeURIComponent(c), `${d}x%`, 'x'.repeat(5000)];
    const header = values.map((value) => `session_sidecar=${value}`).join('; ');
    expect(read(header)).toEqual([b, a, c]);
  });

  test('prefers what only this host could set over https', () => {
    const header = `session_sidecar=${a}; __Host-session_sidecar=${b}; session_sidecar=${c}`;
    expect(readCookies(header, cookie)).toEqual({
      tokens: [b, a, c],
      names: ['__Host-session_sidecar', 'session_sidecar'],
    });
  });

  test('does not look for a prefix that the cookie cannot have', () => {
    const header = `__Host-session_sidecar=${b}; session_sidecar=${a}`;
    expect(readCookies(header, resolveCookie({ path: '/shop' })).tokens).toEqual([a]);
    expect(readCookies(`__Secure-session_sidecar=${b}; ${header}`, resolveCookie({ path: '/shop' })).tokens).toEqual([
      b,
      a,
    ]);
    expect(readCookies(header, resolveCookie({ name: 'session_sidecar' })).tokens).toEqual([a]);
  });

  test('passes on one malformed value if there is no token, so that the sidecar rejects it', () => {
    expect(read('session_sidecar=made-up; session_sidecar=other')).toEqual(['made-up']);
  });
});
