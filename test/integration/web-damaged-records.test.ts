import { beforeAll, describe, expect, test } from '@jest/globals';
import type { SessionClient } from '@session-sidecar/client';
import type { Browser } from '../support/browser';
import { connect } from '../support/client';
import type { RedisServer } from '../support/redis';
import { stackForAllTests, stackForEachTest } from '../support/stack';
import { browserWithSession, storedData } from '../support/visitors';
import { nestFrameworks } from '../support/nest-frameworks';
import { frameworks, http2Frameworks } from '../support/web-frameworks';
import type { Framework, Visits, WebApp, WebOptions } from '../support/web-frameworks';
import { effectOf, serveFramework } from '../support/web-stack';

/* Visitors whose session's record the sidecar cannot read: they must be able to log out, and must not be mistaken for new ones. */

const shared = stackForAllTests();
const stack = stackForEachTest();
let redis: RedisServer;
let client: SessionClient<Visits>;

beforeAll(async () => {
  redis = await shared.redis();
  client = shared.use(connect<Visits>(await shared.sidecar({ redis })));
});

const damages: Readonly<Record<string, (record: string) => string>> = {
  'is of another format': () => 'rubbish',
  'is damaged behind its header': (record) => record.replace(/\n=.*/s, '\n=rubbish'),
};

const app: WebApp = async ({ path, session }) => {
  if (path === '/unused') return {};
  const own = await session();
  if (path === '/read') return { body: own.get('note', 'none') };
  if (path === '/is-new') return { body: String(own.isNew) };
  if (path === '/write') own.set('note', 'new');
  if (path === '/pop') await own.popFlash();
  if (path === '/token') await own.csrfToken();
  if (path === '/log-out') await own.destroy();
  if (path === '/give-up') await own.destroy({ signal: AbortSignal.abort() });
  if (path === '/start-over') {
    await own.invalidate();
    own.set('note', 'new');
  }
  if (path === '/error-page') {
    try {
      own.get('note');
    } catch {
      return { status: 500, body: `${own.get('note', 'none')} ${String((await session()).id)}` };
    }
  }
  return { body: 'done' };
};

describe.each([...frameworks, ...nestFrameworks, ...http2Frameworks])('$name', (framework: Framework) => {
  async function visitor(damage: string, options: Partial<WebOptions> = {}): Promise<Browser> {
    const url = await serveFramework(stack, framework, app, { client, ...options });
    const browser = await browserWithSession(client.create(), url);
    const [key] = await redis.admin.keys(`*${(await browser.cookie())!.slice(0, 20)}*`);
    await redis.admin.set(key!, damages[damage]!((await redis.admin.get(key!))!));
    return browser;
  }

  describe.each(Object.keys(damages))('a visitor whose record %s', (damage) => {
    test('can log out, and is a new one then', async () => {
      const browser = await visitor(damage);
      const token = await browser.cookie();
      const response = await browser.fetch('/log-out');
      expect([response.status, await response.text(), effectOf(response)]).toEqual([200, 'done', 'delete']);
      expect([await browser.cookie(), await browser.text('/read')]).toEqual([undefined, 'none']);
      expect(await redis.admin.keys(`*${token!.slice(0, 20)}*`)).toEqual([]);
      await browser.setCookie(token!);
      expect(await browser.text('/read')).toBe('none');
    });

    test('can be given another session', async () => {
      const browser = await visitor(damage);
      expect(effectOf(await browser.fetch('/start-over'))).toBe('set');
      expect(await storedData(client, await browser.cookie())).toEqual({ note: 'new' });
    });

    test.each(['/read', '/is-new', '/write', '/pop', '/token'])('is not mistaken for a new one by %s', async (path) => {
      const browser = await visitor(damage);
      const response = await browser.fetch(path);
      expect([response.status, effectOf(response)]).toEqual([500, 'none']);
    });

    test('gets pages that do not use the session, and error pages that do', async () => {
      const browser = await visitor(damage);
      for (const path of ['/unused', '/unread']) expect((await browser.fetch(path)).status).toBe(200);
      const response = await browser.fetch('/error-page');
      expect([response.status, await response.text(), effectOf(response)]).toEqual([500, 'none undefined', 'none']);
    });

    test('is told when logging out fails', async () => {
      const browser = await visitor(damage);
      const response = await browser.fetch('/give-up');
      expect([response.status, effectOf(response)]).toEqual([503, 'none']);
    });

    test('gets read-only pages, if so configured, and can log out', async () => {
      const browser = await visitor(damage, { whenUnavailable: 'read-only' });
      expect(await browser.text('/read')).toBe('none');
      expect((await browser.fetch('/write')).status).toBe(500);
      expect(effectOf(await browser.fetch('/log-out'))).toBe('delete');
    });
  });
});
