import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { until } from '../../support/poll';
import { describeWithChromium } from '../demo/fixture';
import { InspectorStack } from './fixture';

/** The texts of a row of a table, by the text in its first cell. */
async function row(page: Page, section: string, first: string): Promise<readonly string[]> {
  const rows = page
    .locator(`#${section} tbody tr`)
    .filter({ has: page.getByRole('rowheader', { name: first, exact: true }) });
  return (await rows.first().locator('td').allInnerTexts()).map((text) => text.trim());
}

describeWithChromium('the page of the inspector', () => {
  const inspector = new InspectorStack();

  test('shows charts, readiness, calls, caches, errors and clients, without its script too', async () => {
    for (const javaScriptEnabled of [true, false]) {
      const page = await inspector.visit({ javaScriptEnabled });
      const charts = page.locator('figure svg');
      expect(await charts.count()).toBe(6);
      const [calls, latency] = [charts.nth(0), charts.nth(1)];
      expect(await calls.getAttribute('aria-label')).toMatch(
        /^Calls, last 10 minutes: now all \d.*\/s, failed .*\/s; highest \d/,
      );
      expect(await latency.getAttribute('aria-label')).toMatch(/p50 \d.* ms, p99 \d.* ms/);
      // A line through as many points as there were intervals, of which the first has no point before it.
      expect((await calls.locator('.line-0').getAttribute('d'))?.match(/L/g)).toHaveLength(119);
      expect(await row(page, 'readiness', 'grpc')).toEqual(['ready', '', expect.stringMatching(/^\d{4}-/)]);
      expect((await row(page, 'calls', 'GetSession'))[0]).toMatch(/^[\d,]+$/);
      expect((await row(page, 'caches', 'near cache'))[2]).toMatch(/ %$/);
      expect((await row(page, 'errors', 'call GetSession')).slice(0, 2)).toEqual(['TOKEN_INVALID', '12']);
      expect(await page.locator('#clients tbody tr').count()).toBeGreaterThan(0);
      expect(await row(page, 'configuration', 'SESSION_SIDECAR_SIGNING_KEYS')).toEqual([
        'set',
        'variable SESSION_SIDECAR_SIGNING_KEYS',
        '',
      ]);
    }
  });

  test('loads nothing that its policy refuses, and logs no error', async () => {
    const page = await inspector.visit();
    const problems: string[] = [];
    page.on('console', (message) => problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(error.message));
    await page.reload({ waitUntil: 'networkidle' });
    expect(problems).toEqual([]);
    expect(await page.getByRole('button', { name: 'Pause' }).isVisible()).toBe(true);
  });

  test('runs nothing that a client or an operator has written', async () => {
    const hostile = '"><script>document.title="agent"</script><img src=x onerror=document.title="agent">';
    await inspector.callAs(hostile);
    const page = await inspector.visit({ bypassCSP: true });
    const agents = page.locator('#clients tbody td:nth-child(2)');
    expect((await agents.allInnerTexts()).filter((text) => text.startsWith(hostile))).toHaveLength(1);
    expect((await row(page, 'configuration', 'SESSION_SIDECAR_REDIS_KEY_PREFIX'))[0]).toBe(
      '<script>document.title="prefix"</script>:',
    );
    expect(await page.title()).toBe('session-sidecar inspector');
    expect(await page.locator('main script, main img').count()).toBe(0);
  });

  /** Its time stands still, but for what the test lets pass. */
  async function visitInStillTime(): Promise<Page> {
    const page = await inspector.visit();
    await page.clock.install();
    await page.reload();
    return page;
  }

  test('refreshes itself', async () => {
    const page = await visitInStillTime();
    const total = async () => (await row(page, 'calls', 'CreateSession'))[0];
    const before = await total();
    await inspector.callAs('refresh');
    await inspector.clock.tick();
    await page.clock.runFor(5_000);
    await until('the new total', async () => (await total()) !== before);
  });

  test('does not refresh itself while it is paused, nor what is in use', async () => {
    const page = await visitInStillTime();
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.clock.runFor(60_000);
    expect(requests).toEqual([]);

    const [used, other] = [page.locator('#calls .scroll'), page.locator('#caches .scroll')];
    const mark = (element: { mark?: boolean }): void => {
      element.mark = true;
    };
    for (const part of [used, other]) await part.evaluate(mark);
    const isMarked = (part: typeof used) =>
      part.evaluate((element: { readonly mark?: boolean }) => element.mark === true);
    expect([await isMarked(used), await isMarked(other)]).toEqual([true, true]);
    await used.focus();
    await page.getByRole('button', { name: 'Resume' }).evaluate((button: { click(): void }) => button.click());
    await page.clock.runFor(5_000);
    await until('the other part to be replaced', async () => !(await isMarked(other)));
    expect(await isMarked(used)).toBe(true);
  });

  test('says so when the sidecar does not answer', async () => {
    const page = await visitInStillTime();
    await page.route('**/*', (route) => route.abort());
    await page.clock.runFor(5_000);
    await page.getByText('The sidecar does not answer. The figures are old.').waitFor();
  });

  test('shows the sessions of a subject that is asked for, and its URL does not say which', async () => {
    const hostile = '<img src=x onerror=document.title="label">';
    const page = await inspector.visit({ bypassCSP: true }, await inspector.urlWithSessions('user 7', hostile));
    for (const [subject, texts] of [
      ['user 7', [hostile]],
      ['nobody', []],
    ] as const) {
      await page.getByRole('textbox', { name: 'Subject' }).fill(subject);
      await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: 'Show sessions' }).click()]);
      expect(await page.locator('#sessions tbody td:nth-child(2)').allInnerTexts()).toEqual(texts);
      expect(await page.getByRole('textbox', { name: 'Subject' }).inputValue()).toBe(subject);
      const { pathname, search } = new URL(page.url());
      expect([pathname, search]).toEqual(['/sessions', '']);
    }
    expect(await page.title()).toBe('session-sidecar inspector');
    expect(await (await inspector.visit()).locator('#sessions').count()).toBe(0);
  });

  test('changes the log level, for a while, and says until when', async () => {
    const page = await inspector.visit();
    await page.getByLabel('Level', { exact: true }).selectOption('debug');
    await page.getByLabel('For', { exact: true }).selectOption('10 minutes');
    await page.getByRole('button', { name: 'Change' }).click();
    await page.getByText(/The level is debug until \d{4}-.*, then info/).waitFor();
    expect(new URL(page.url()).pathname).toBe('/');
  });
});
