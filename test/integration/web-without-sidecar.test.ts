import { beforeAll, describe, expect, test } from '@jest/globals';
import type { SessionError } from '@session-sidecar/client';
import type { Browser } from '../support/browser';
import { connect } from '../support/client';
import { nestFrameworks } from '../support/nest-frameworks';
import { withStack } from '../support/stack';
import { frameworks } from '../support/web-frameworks';
import type { Visits, WebApp, WebOptions } from '../support/web-frameworks';
import { count, effectOf, serveFramework, WebStack } from '../support/web-stack';

/* The tests run side by side: most of their time, a client waits for a sidecar. */

const stack = new WebStack();

/** A network between an application and the sidecar that can be cut. */
interface Network {
  cut(): void;
  heal(): void;
  /** Serves the application, and resolves to the browser of a visitor. */
  serve(app: WebApp, options?: Partial<WebOptions>, timeoutMs?: number): Promise<Browser>;
}

const outcomeOf = async (browser: Browser): Promise<unknown[]> => {
  const token = await browser.cookie();
  const response = await browser.fetch('/');
  expect(await browser.cookie()).toBe(token);
  return [response.status, response.headers.get('Retry-After'), effectOf(response)];
};
const unavailable = [503, '1', 'none'];

const all = [...frameworks, ...nestFrameworks];

/** Express loads what decodes forms at the first one, and jest refuses to load anything while tests run side by side. */
beforeAll(
  withStack(async (own) => {
    for (const framework of all) {
      const url = await serveFramework(own, framework, () => Promise.resolve({}), { client: stack.client, csrf: {} });
      await fetch(url, { method: 'POST', body: new URLSearchParams({ csrf_token: 'none' }) });
    }
  }),
);

describe.each(all)('$name, without a sidecar', (framework) => {
  const onNetwork = (body: (network: Network) => Promise<void>): (() => Promise<void>) =>
    withStack(async (own) => {
      const proxy = await own.proxy({ host: '127.0.0.1', port: Number(stack.sidecar.address.split(':')[1]) });
      await body({
        cut: () => {
          proxy.newConnections = 'refuse';
          for (const link of proxy.links) link.cut();
        },
        heal: () => proxy.heal({ closeIgnored: true }),
        serve: async (app, options = {}, timeoutMs = 1000) => {
          const client = own.use(connect<Visits>({ address: `127.0.0.1:${proxy.port}` }, { timeoutMs }));
          return stack.visitor(await serveFramework(own, framework, app, { client, ...options }));
        },
      });
    });

  test.concurrent(
    'a request that uses the session fails, and one that does not is served',
    onNetwork(async ({ cut, heal, serve }) => {
      const browser = await serve(async (page) => {
        if (page.path === '/') return count(page);
        if (page.path === '/read') return { body: (await page.session()).get('note', 'none') };
        if (page.path === '/load') await page.session();
        return {};
      });
      cut();
      expect(await outcomeOf(browser)).toEqual(unavailable);
      const others = await Promise.all(['/read', '/load', '/unused'].map((path) => browser.fetch(path)));
      expect(others.map(({ status }) => status)).toEqual([503, framework.isLazy ? 503 : 200, 200]);
      expect(others.map(effectOf)).toEqual(['none', 'none', 'none']);
      heal();
      expect(await browser.text('/')).toBe('1');
    }),
  );

  const appsThatCannot: Readonly<Record<string, (cut: () => void) => WebApp>> = {
    'save what it wrote': (cut) => async (page) => {
      const answer = await count(page);
      cut();
      return { ...answer, body: 'secret' };
    },
    'replace the token':
      (cut) =>
      async ({ session }) => {
        const own = await session();
        cut();
        await own.regenerate({ orCreate: true });
        return {};
      },
    'end the session':
      (cut) =>
      async ({ session }) => {
        const own = await session();
        cut();
        await own.invalidate();
        return {};
      },
    'end the session, for which it does not wait,':
      (cut) =>
      async ({ session }) => {
        const own = await session();
        cut();
        void own.destroy();
        return {};
      },
  };
  for (const [what, app] of Object.entries(appsThatCannot)) {
    test.concurrent(
      `a request that cannot ${what} fails`,
      onNetwork(async ({ cut, serve }) => {
        expect(await outcomeOf(await serve(app(cut)))).toEqual(unavailable);
      }),
    );
  }

  test.concurrent(
    'an error page gets an empty session, which cannot be ended either',
    onNetwork(async ({ cut, serve }) => {
      const app: WebApp = async ({ session }) => {
        await session()
          .then((own) => own.get('note'))
          .catch(() => {});
        const own = await session();
        const ended = await own.destroy().catch((error: unknown) => (error as SessionError).status);
        return { status: 503, body: `${own.get('note', 'none')} ${own.size} ${ended}` };
      };
      // Nothing is to succeed in that time.
      const browser = await serve(app, {}, 50);
      cut();
      const response = await browser.fetch('/');
      expect([response.status, await response.text(), effectOf(response)]).toEqual([503, 'none 0 503', 'none']);
    }),
  );

  test.concurrent(
    'a logout for which it does not wait is not mistaken for one that has worked',
    onNetwork(async ({ cut, serve }) => {
      const browser = await serve(async ({ session }) => {
        void (await session()).destroy();
        return { status: 303, headers: { Location: '/' } };
      });
      cut();
      expect(await outcomeOf(browser)).toEqual(unavailable);
    }),
  );

  test.concurrent(
    'a new visitor is served until something is written',
    onNetwork(async ({ cut, serve }) => {
      const browser = await serve(async (page) =>
        page.path === '/' ? count(page) : { body: String((await page.session()).size) },
      );
      await browser.setCookie('');
      cut();
      expect(await browser.text('/read')).toBe('0');
      const response = await browser.fetch('/');
      expect([response.status, response.headers.get('Retry-After'), effectOf(response)]).toEqual(unavailable);
    }),
  );

  test.concurrent(
    'pages can be served with an empty session that refuses writes',
    onNetwork(async ({ cut, serve }) => {
      const browser = await serve(
        async (page) => (page.path === '/write' ? count(page) : { body: String((await page.session()).size) }),
        { whenUnavailable: 'read-only' },
      );
      cut();
      const token = await browser.cookie();
      const response = await browser.fetch('/');
      expect([response.status, await response.text(), effectOf(response)]).toEqual([200, '0', 'none']);
      expect((await browser.fetch('/write')).status).toBe(503);
      expect(await browser.cookie()).toBe(token);
    }),
  );

  for (const whenUnavailable of ['fail', 'read-only'] as const) {
    test.concurrent(
      `a form is not blamed for it (${whenUnavailable})`,
      onNetwork(async ({ cut, serve }) => {
        const page: WebApp = async ({ path, session }) =>
          path === '/form' ? { body: await (await session()).csrfToken() } : {};
        const browser = await serve(page, { whenUnavailable, csrf: {} });
        const token = await browser.text('/form');
        cut();
        const response = await browser.post('/', { csrf_token: token });
        expect([response.status, response.headers.get('Retry-After'), effectOf(response)]).toEqual(unavailable);
      }),
    );
  }
});
