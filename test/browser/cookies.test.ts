import type { RequestListener } from 'node:http';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import express from 'express';
import type { Express } from 'express';
import fc from 'fast-check';
import type { CDPSession, Page } from 'playwright-core';
import type { SessionClient } from '@session-sidecar/client';
import { sessions } from '@session-sidecar/client/express';
import type { CookieOptions, SessionData } from '@session-sidecar/client/express';
import { selfSignedCertificate } from '../support/certificate';
import { hasChromium, testDomain } from '../support/chromium';
import { connect } from '../support/client';
import { effort } from '../support/effort';
import { stackForAllTests } from '../support/stack';
import { describeWith } from '../support/tools';

declare module '@session-sidecar/client/express' {
  interface SessionData {
    visits?: number;
  }
}

type Scheme = 'http' | 'https';

/** In seconds. */
const day = 24 * 3600;

const stack = stackForAllTests();
let client: SessionClient<SessionData>;
let page: Page;
let devTools: CDPSession;
let urls: Readonly<Record<Scheme, string>>;
/** The application that answers now. */
let app: Express;

beforeAll(async () => {
  client = stack.use(connect<SessionData>(await stack.sidecar()));
  const listener: RequestListener = (req, res) => void app(req, res);
  const onTestDomain = (url: string) => url.replace('127.0.0.1', testDomain);
  urls = {
    http: onTestDomain(await stack.serve(listener)),
    https: onTestDomain(await stack.serve(listener, await selfSignedCertificate())),
  };
});

/** Counts the visits of a visitor, and ends the session at `?logout`. */
function counter(cookie: CookieOptions): Express {
  const counting = express();
  counting.use(sessions({ client, cookie }));
  counting.use(async ({ session, query }, res) => {
    if ('logout' in query) await session.invalidate();
    else session.set('visits', session.get('visits', 0) + 1);
    // Without an icon of its own, Chromium asks for one, which would be another visit.
    res.send(`<link rel="icon" href="data:," />visit ${session.get('visits', 0)}`);
  });
  return counting;
}

/** Opens a page, and returns its text. */
async function open(url: string): Promise<string | undefined> {
  await page.goto(url);
  return (await page.textContent('body')) ?? undefined;
}

/** The cookies that Chromium has kept. */
async function cookies() {
  const kept = await devTools.send('Network.getAllCookies');
  return kept.cookies.map(({ name, path, domain, secure, httpOnly, sameSite, priority, partitionKey, ...rest }) => ({
    ...{ name, path, domain, secure, httpOnly, sameSite, priority },
    partitioned: partitionKey !== undefined,
    days: rest.session ? undefined : Math.round((rest.expires - Date.now() / 1000) / day),
  }));
}

async function forget(): Promise<void> {
  await devTools.send('Network.clearBrowserCookies');
}

/** What Chromium keeps where options do not say otherwise. */
const byDefault = {
  name: 'session_sidecar',
  path: '/',
  domain: testDomain,
  secure: false,
  httpOnly: true,
  sameSite: 'Lax',
  priority: 'Medium',
  partitioned: false,
  days: undefined as number | undefined,
};
const overHttps = { ...byDefault, name: '__Host-session_sidecar', secure: true };
const withSecurePrefix = { ...overHttps, name: '__Secure-session_sidecar' };

describeWith('chromium', hasChromium)('Chromium keeps', () => {
  beforeAll(async () => {
    const context = await (await stack.chromium()).newContext({ ignoreHTTPSErrors: true });
    page = await context.newPage();
    devTools = await context.newCDPSession(page);
  });

  beforeEach(forget);

  describe.each<[what: string, CookieOptions, http: Partial<typeof byDefault>, https: Partial<typeof byDefault>]>([
    ['a cookie without options', {}, byDefault, overHttps],
    [
      'a cookie with a path',
      { path: '/shop' },
      { ...byDefault, path: '/shop' },
      { ...withSecurePrefix, path: '/shop' },
    ],
    [
      'a cookie for subdomains',
      { domain: testDomain },
      { ...byDefault, domain: `.${testDomain}` },
      { ...withSecurePrefix, domain: `.${testDomain}` },
    ],
    ['a cookie that is not Secure', { secure: false }, byDefault, byDefault],
    ['a cookie of another name', { name: 'shop' }, { ...byDefault, name: 'shop' }, { ...overHttps, name: 'shop' }],
    ['SameSite=None', { sameSite: 'none' }, byDefault, { ...overHttps, sameSite: 'None' }],
    [
      'SameSite=Strict',
      { sameSite: 'strict' },
      { ...byDefault, sameSite: 'Strict' },
      { ...overHttps, sameSite: 'Strict' },
    ],
    [
      'a cookie that scripts can read',
      { httpOnly: false },
      { ...byDefault, httpOnly: false },
      { ...overHttps, httpOnly: false },
    ],
    ['a cookie of each top-level site', { partitioned: true }, byDefault, { ...overHttps, partitioned: true }],
    [
      'a cookie of high priority',
      { priority: 'high' },
      { ...byDefault, priority: 'High' },
      { ...overHttps, priority: 'High' },
    ],
    [
      'a cookie of low priority',
      { priority: 'low' },
      { ...byDefault, priority: 'Low' },
      { ...overHttps, priority: 'Low' },
    ],
    ['a cookie for a month', { maxAge: 30 * day }, { ...byDefault, days: 30 }, { ...overHttps, days: 30 }],
    [
      'a cookie for longer than it keeps any',
      { maxAge: 3000 * day },
      { ...byDefault, days: 400 },
      { ...overHttps, days: 400 },
    ],
  ])('%s', (_, options, http, https) => {
    test.each<[Scheme, Partial<typeof byDefault>]>([
      ['http', http],
      ['https', https],
    ])('over %s', async (scheme, expected) => {
      app = counter(options);
      await open(urls[scheme] + (options.path ?? '/'));
      expect(await cookies()).toEqual([expected]);
    });
  });

  test('no cookie over http that is Secure', async () => {
    app = counter({ secure: true });
    await open(urls.http);
    expect(await cookies()).toEqual([]);
  });

  test('the cookie of any options that are accepted, sends it back, and deletes it', async () => {
    const options = fc.record(
      {
        name: fc.oneof(
          fc.constantFrom('__Secure-shop', '__Host-shop', '__hOsT-shop', '__Http-shop', '__Host-Http-shop'),
          fc.stringMatching(/^[!#$%&'*+.^_`|~\w-]{1,20}$/),
        ),
        path: fc.constantFrom('/', '/shop', '/shop/', `/${'x'.repeat(1023)}`),
        domain: fc.constantFrom(testDomain, `.${testDomain}`, testDomain.toUpperCase()),
        secure: fc.constantFrom(true, false, 'auto' as const),
        sameSite: fc.constantFrom('strict' as const, 'lax' as const, 'none' as const),
        httpOnly: fc.boolean(),
        maxAge: fc.oneof(fc.integer({ min: 60, max: 10 ** 7 }), fc.constant(Number.MAX_SAFE_INTEGER)),
        rolling: fc.boolean(),
        partitioned: fc.boolean(),
        priority: fc.constantFrom('low' as const, 'medium' as const, 'high' as const),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(options, fc.constantFrom<Scheme>('http', 'https'), async (combined, scheme) => {
        // Browsers keep no Secure cookie over http: an application with this option is only visited over https.
        fc.pre(combined.secure !== true || scheme === 'https');
        try {
          app = counter(combined);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
          fc.pre(false);
        }
        const url = urls[scheme] + (combined.path ?? '/');
        await forget();
        expect([await open(url), await open(url)]).toEqual(['visit 1', 'visit 2']);
        expect(await cookies()).toHaveLength(1);
        await open(`${url}?logout`);
        expect(await cookies()).toEqual([]);
      }),
      { numRuns: effort(60) },
    );
  });
});
