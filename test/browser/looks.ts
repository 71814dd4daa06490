import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { shownPictures } from './pictures';

/** The folder to write pictures to, those of the documentation or `ALL_SCREENSHOTS`; `undefined`: none. */
const { SCREENSHOTS: folder, ALL_SCREENSHOTS: allOfThem } = process.env;

const schemes = ['light', 'dark'] as const;
const screens = { wide: { width: 1280, height: 800 }, narrow: { width: 390, height: 844 } } as const;
const looks = schemes.flatMap((colorScheme) =>
  Object.entries(screens).map(([screen, size]) => ({ colorScheme, screen, size })),
);

/**
 * Expects that a page is accessible and fits, in light and dark, wide and narrow. Takes its pictures, if asked to.
 *
 * @param name of the pictures
 */
export async function expectGoodLooks(page: Page, name: string): Promise<void> {
  for (const look of looks) {
    await take(page, look);
    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect({ look, overflow, findings: await findingsOf(page) }).toEqual({ look, overflow: 0, findings: [] });
    const picture = `${name}-${look.colorScheme}-${look.screen}.png`;
    if (folder !== undefined && (allOfThem || shownPictures.includes(picture))) {
      mkdirSync(folder, { recursive: true });
      await page.screenshot({ path: join(folder, picture) });
    }
  }
}

async function take(page: Page, { colorScheme, size }: (typeof looks)[number]): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize(size);
  // Otherwise, colours would still be on their way.
  const finish = 'for (const each of document.getAnimations()) if (each instanceof CSSTransition) each.finish()';
  for (const frame of page.frames()) await frame.evaluate(finish);
}

/** What axe finds in a page and in each frame of it. */
async function findingsOf(page: Page): Promise<readonly string[]> {
  const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
  const found = page.frames().map(async (frame) => {
    await frame.evaluate(axe);
    const { violations } = await frame.evaluate<{
      readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly target: unknown }[] }[];
    }>('axe.run({ iframes: false })');
    return violations.map(({ id, nodes }) => `${id}: ${JSON.stringify(nodes.map(({ target }) => target))}`);
  });
  return (await Promise.all(found)).flat();
}
