import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { testDomain } from '../../support/chromium';
import { stackForEachTest, withStack } from '../../support/stack';
import { DemoStack, describeWithChromium, factOn, signIn } from './fixture';

describeWithChromium('the cookie of the demo', () => {
  const demo = new DemoStack();
  const stack = stackForEachTest();

  test.each([
    ['http', 'session_sidecar', false],
    ['https', '__Host-session_sidecar', true],
  ] as const)('over %s is called %s', async (scheme, name, secure) => {
    const page = await demo.visitor({ baseURL: scheme === 'http' ? demo.url : demo.httpsUrl });
    await signIn(page, 'Ada');
    expect(await page.context().cookies()).toMatchObject([
      { name, secure, httpOnly: true, sameSite: 'Lax', path: '/', expires: -1 },
    ]);
    const fact = await factOn(page, 'The redirect to it', 'Cookie');
    expect(fact).toBe(`set ${name} Path=/ HttpOnly ${secure ? 'Secure ' : ''}SameSite=Lax`);
  });

  test('is kept across a restart of the browser if the visitor asked for it, and only then', async () => {
    const folder = stack.directory();
    // Two hosts, so that one browser has two sessions.
    const asked = demo.url;
    const others = demo.url.replace(testDomain, `other.${testDomain}`);
    const inBrowser = (visit: (page: Page) => Promise<void>) =>
      withStack(async (browser) => visit(await (await browser.chromiumIn(folder)).newPage()))();
    const isSignedInAt = async (page: Page, url: string): Promise<boolean> => {
      await page.goto(url);
      return (await page.getByRole('button', { name: 'Sign out' }).count()) === 1;
    };

    await inBrowser(async (page) => {
      await signIn(page, 'Ada', { remember: true, at: asked });
      await signIn(page, 'Bob', { at: others });
      expect([await isSignedInAt(page, asked), await isSignedInAt(page, others)]).toEqual([true, true]);
    });
    await inBrowser(async (page) => {
      expect([await isSignedInAt(page, asked), await isSignedInAt(page, others)]).toEqual([true, false]);
    });
  });
});
