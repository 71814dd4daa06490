import { beforeAll } from '@jest/globals';
import type { describe } from '@jest/globals';
import type { Express } from 'express';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { SessionData } from '@session-sidecar/client/express';
import { createDemo } from '../../../examples/demo/src/app';
import { createMeter } from '../../../examples/demo/src/meter';
import { selfSignedCertificate } from '../../support/certificate';
import { hasChromium, testDomain } from '../../support/chromium';
import { connect } from '../../support/client';
import type { RedisServer } from '../../support/redis';
import { stackForAllTests, stackForEachTest } from '../../support/stack';
import type { Stack } from '../../support/stack';
import { describeWith } from '../../support/tools';

export const describeWithChromium: typeof describe.skip = describeWith('chromium', hasChromium);

/** Holds those who arrive until the last that is missing has arrived. */
class Meeting {
  #missing: number;
  readonly #waiting: (() => void)[] = [];

  constructor(participants: number) {
    this.#missing = participants;
  }

  async arrive(): Promise<void> {
    if (this.#missing === 0) return;
    this.#missing -= 1;
    if (this.#missing === 0) for (const goOn of this.#waiting) goOn();
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

/** The demo on a real sidecar and a real Redis, and a Chromium for each file. */
export class DemoStack {
  redis!: RedisServer;
  /** Over http, on a host that browsers do not trust more than others. */
  url!: string;
  httpsUrl!: string;
  chromium!: Browser;
  /** Payments in flight; each is finished by calling it. */
  readonly payments: (() => void)[] = [];
  #meeting = new Meeting(0);
  readonly #shared = stackForAllTests();
  readonly #visitors = stackForEachTest();

  constructor() {
    const shared = this.#shared;
    beforeAll(async () => {
      this.redis = await shared.redis();
      const app = await this.#createDemo(shared);
      const onTestDomain = (url: string) => url.replace('127.0.0.1', testDomain);
      this.url = onTestDomain(await shared.serve(app));
      this.httpsUrl = onTestDomain(await shared.serve(app, await selfSignedCertificate()));
      this.chromium = await shared.chromium();
    });
  }

  async #createDemo(stack: Stack): Promise<Express> {
    const sidecar = await stack.sidecar({ redis: this.redis });
    const meter = await createMeter({ metricsUrl: `${sidecar.httpUrl}/metrics`, redisUrl: this.redis.url });
    const pay = () => new Promise<void>((resolve) => this.payments.push(resolve));
    const client = stack.use(connect<SessionData>(sidecar));
    const open = client.open.bind(client);
    client.open = async (...args) => {
      const session = await open(...args);
      await this.#meeting.arrive();
      return session;
    };
    return createDemo({ client, meter: stack.use(meter), pay });
  }

  /** Makes the next two requests overlap: each goes on when both have loaded the session. */
  overlapNextTwo(): void {
    this.#meeting = new Meeting(2);
  }

  /** A tab of a new visitor. Further tabs: `page.context().newPage()`. */
  visitor(options?: BrowserContextOptions): Promise<Page> {
    return this.#visitor(this.#visitors, options);
  }

  /** A tab of a visitor who stays for all tests of the file. */
  lastingVisitor(options?: BrowserContextOptions): Promise<Page> {
    return this.#visitor(this.#shared, options);
  }

  async #visitor(stack: Stack, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.chromium.newContext({ baseURL: this.url, ignoreHTTPSErrors: true, ...options });
    return stack.use(context).newPage();
  }
}

/** Presses a button, and waits for the page that follows. */
export async function press(page: Page, name: string): Promise<void> {
  await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name, exact: true }).click()]);
}

/** @param at where the demo is. Default: the base URL of the page */
export async function signIn(page: Page, name: string, { remember = false, at = '' } = {}): Promise<void> {
  await page.goto(`${at}/sign-in`);
  await page.getByLabel('Name').fill(name);
  if (remember) await page.getByLabel('Remember me').check();
  await press(page, 'Sign in');
}

/** The messages on a page. */
export async function messagesOn(page: Page): Promise<readonly string[]> {
  return page.getByRole('status').locator('p').allTextContents();
}

/** What the panel says about the session. */
export async function recordOn(page: Page): Promise<{ state: string; version: number; data: unknown }> {
  const panel = page.getByRole('complementary', { name: 'Your session' });
  const state = (await panel.locator('.badge').textContent()) ?? '';
  if (state !== 'stored') return { state, version: 0, data: undefined };
  const [version] = await panel.locator('dd').allTextContents();
  return { state, version: Number(version), data: JSON.parse((await panel.locator('pre').textContent()) ?? '') };
}

/** The fact of a name in a section of the panel: `factOn(page, 'This page', 'RPCs')`. */
export async function factOn(page: Page, section: string, name: string): Promise<string> {
  const part = page
    .locator('.panel section')
    .filter({ has: page.getByRole('heading', { name: section, exact: true }) });
  const text = await part.locator(`dt:text-is("${name}") + dd`).innerText();
  return text.replaceAll(/\s+/g, ' ').trim();
}
