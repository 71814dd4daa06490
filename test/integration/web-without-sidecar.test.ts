import { describe, expect, test } from '@jest/globals';
import type { SessionError } from '@session-sidecar/client';
import type { Browser } from '../support/browser';
import { connect } from '../support/client';
import { nestFrameworks } from '../support/nest-frameworks';
import type { TcpProxy } from '../support/tcp-proxy';
import { frameworks } from '../support/web-frameworks';
import type { Visits, WebApp, WebOptions } from '../support/web-frameworks';
import { count, effectOf, WebStack } from '../support/web-stack';

const stack = new WebStack();

describe.each([...frameworks, ...nestFrameworks])('$name, without a sidecar', (framework) => {
  let network: TcpProxy;

  const isDown = (): void => {
    network.newConnections = 'refuse';
    for (const link of network.links) link.cut();
  };

  /** The same application, on a network that can be cut. */
  async function serveCutOff(app: WebApp, options: Partial<WebOptions> = {}, timeoutMs = 1000): Promise<Browser> {
    network = await stack.forEachTest.proxy({ host: '127.0.0.1', port: Number(stack.sidecar.address.split(':')[1]) });
    const address = `127.0.0.1:${network.port}`;
    const cutOff = stack.forEachTest.use(connect<Visits>({ address }, { timeoutMs }));
    return stack.visitor(await stack.serve(framework, app, { client: cutOff, ...options }));
  }

  const outcomeOf = async (browser: Browser): Promise<unknown[]> => {
    const token = await browser.cookie();
    const response = await browser.fetch('/');
    expect(await browser.cookie()).toBe(token);
    return [response.status, response.headers.get('Retry-After'), effectOf(response)];
  };
  const unavailable = [503, '1', 'none'];

  test('a request that uses the session fails, and one that does not is served', async () => {
    const browser = await serveCutOff((page) => (page.path === '/' ? count(page) : Promise.resolve({})));
    isDown();
    expect(await outcomeOf(browser)).toEqual(unavailable);
    expect((await browser.fetch('/unused')).status).toBe(framework.isLazy ? 200 : 503);
    network.heal({ closeIgnored: true });
    expect(await browser.text('/')).toBe('1');
  });

  test.each<[string, WebApp]>([
    [
      'save what it wrote',
      async (page) => {
        const answer = await count(page);
        isDown();
        return { ...answer, body: 'secret' };
      },
    ],
    [
      'replace the token',
      async ({ session }) => {
        const own = await session();
        isDown();
        await own.regenerate();
        return {};
      },
    ],
    [
      'end the session',
      async ({ session }) => {
        const own = await session();
        isDown();
        await own.invalidate();
        return {};
      },
    ],
  ])('a request that cannot %s fails', async (_, app) => {
    expect(await outcomeOf(await serveCutOff(app))).toEqual(unavailable);
  });

  test('an error page gets an empty session, which cannot be ended either', async () => {
    const app: WebApp = async ({ session }) => {
      await session().catch(() => {});
      const own = await session();
      const ended = await own.destroy().catch((error: unknown) => (error as SessionError).status);
      return { status: 503, body: `${own.get('note', 'none')} ${own.size} ${ended}` };
    };
    // Nothing is to succeed in that time.
    const browser = await serveCutOff(app, {}, 50);
    isDown();
    const response = await browser.fetch('/');
    expect([response.status, effectOf(response)]).toEqual([503, 'none']);
    if (framework.isLazy) expect(await response.text()).toBe('none 0 503');
  });

  test('a new visitor is served until something is written', async () => {
    const browser = await serveCutOff(async (page) =>
      page.path === '/' ? count(page) : { body: String((await page.session()).size) },
    );
    await browser.setCookie('');
    isDown();
    expect(await browser.text('/read')).toBe('0');
    const response = await browser.fetch('/');
    expect([response.status, response.headers.get('Retry-After'), effectOf(response)]).toEqual(unavailable);
  });

  test('pages can be served with an empty session that refuses writes', async () => {
    const browser = await serveCutOff(
      async (page) => (page.path === '/write' ? count(page) : { body: String((await page.session()).size) }),
      { whenUnavailable: 'read-only' },
    );
    isDown();
    const token = await browser.cookie();
    const response = await browser.fetch('/');
    expect([response.status, await response.text(), effectOf(response)]).toEqual([200, '0', 'none']);
    expect((await browser.fetch('/write')).status).toBe(503);
    expect(await browser.cookie()).toBe(token);
  });

  test.each(['fail', 'read-only'] as const)('a form is not blamed for it (%s)', async (whenUnavailable) => {
    const page: WebApp = async ({ path, session }) =>
      path === '/form' ? { body: await (await session()).csrfToken() } : {};
    const browser = await serveCutOff(page, { whenUnavailable, csrf: {} });
    const token = await browser.text('/form');
    isDown();
    const response = await browser.post('/', { csrf_token: token });
    expect([response.status, response.headers.get('Retry-After'), effectOf(response)]).toEqual(unavailable);
  });
});
