import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Browser, BrowserContext } from 'playwright-core';

/** The path of the system's Chromium, which scripts/lib/tools.mjs installs. */
const executablePath = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'chromium'))
  .find(isExecutable);

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export const hasChromium = executablePath !== undefined;

/** Hosts below this domain lead to this machine. Unlike `localhost`, they are not trusted over http. */
export const testDomain = 'shop.test';

const args = [
  `--host-resolver-rules=MAP ${testDomain} 127.0.0.1, MAP *.${testDomain} 127.0.0.1`,
  // Chromium refuses to run as root with its sandbox.
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
];
const options = { ...(executablePath !== undefined && { executablePath }), args };

/** Without a window. Every context of it is another visitor. */
export async function startChromium(): Promise<Browser> {
  return (await playwright()).launch(options);
}

/** The browser of one visitor, which keeps what it knows in a folder, as one with a window does. */
export async function startChromiumIn(folder: string): Promise<BrowserContext> {
  return (await playwright()).launchPersistentContext(folder, options);
}

/** Imported late, because loading takes long and few tests need it. */
async function playwright() {
  return (await import('playwright-core')).chromium;
}
