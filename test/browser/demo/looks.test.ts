import { beforeAll, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { expectGoodLooks } from '../looks';
import { DemoStack, describeWithChromium, press, signIn } from './fixture';

/** Every kind of page, and how a visitor gets there, one after the other. */
const pages: Readonly<Record<string, (page: Page) => Promise<unknown>>> = {
  stranger: (page) => page.goto('/'),
  tea: (page) => page.goto('/teas/oolong'),
  'sign-in': (page) => page.goto('/sign-in'),
  forged: (page) => page.goto('/forged'),
  refused: (page) => press(page, 'Send it'),
  missing: (page) => page.goto('/coffee'),
  cart: async (page) => {
    await signIn(page, 'Ada');
    await page.goto('/cart');
    for (const tea of ['Oolong', 'Sencha', 'Sencha']) await press(page, tea);
  },
  devices: (page) => page.goto('/devices'),
  windows: async (page) => {
    await page.goto('/windows');
    await page.frameLocator('iframe[title="Window two"]').getByRole('heading', { level: 1 }).waitFor();
  },
  shop: async (page) => {
    await signIn(page, 'Ada', { remember: true });
    for (const tea of ['Darjeeling', 'Lapsang']) await press(page, `Add ${tea} to the cart`);
  },
};

describeWithChromium('the demo', () => {
  const demo = new DemoStack();
  let page: Page;

  beforeAll(async () => {
    page = await demo.lastingVisitor();
  });

  test.each(Object.entries(pages))(
    'its page %s is accessible and fits, in light and dark, wide and narrow',
    async (name, open) => {
      await open(page);
      await expectGoodLooks(page, `demo-${name}`);
    },
  );
});
