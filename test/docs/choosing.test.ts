import { beforeEach, describe, expect, test } from '@jest/globals';
import flash from 'connect-flash';
import { RedisStore } from 'connect-redis';
import type { Request } from 'express';
import { createClient } from 'redis';
import { sessions } from '@session-sidecar/client/node';
import { Browser } from '../support/browser';
import { connect } from '../support/client';
import type { RedisServer } from '../support/redis';
import { stackForEachTest } from '../support/stack';
import { cookieName, expressSession } from '../support/store-frameworks';
import type { StoredApp, StoredPage } from '../support/store-frameworks';

/* What docs/guide/choosing.md says of express-session with connect-redis, so that it is never less than fair. */

const stack = stackForEachTest();
let redis: RedisServer;
let store: RedisStore;

beforeEach(async () => {
  redis = await stack.redis();
  const client = createClient({ url: redis.url });
  await client.connect();
  stack.defer(() => client.close());
  store = new RedisStore({ client });
});

/** Requests to `/slow/…` have loaded their session, and go on when the test says so. */
function slowRequests(): { readonly app: StoredApp; readonly loaded: Promise<void>; readonly goOn: () => void } {
  let [reportLoaded, goOn] = [() => {}, () => {}];
  const loaded = new Promise<void>((resolve) => (reportLoaded = resolve));
  const released = new Promise<void>((resolve) => (goOn = resolve));
  const app: StoredApp = async (page) => {
    const [action, ...rest] = page.path.slice(1).split('/');
    const [step, field = ''] = action === 'slow' ? rest : [action, ...rest];
    if (action === 'slow') {
      reportLoaded();
      await released;
    }
    if (step === 'set') page.session[field] = true;
    if (step === 'push') messagesOf(page).flash('info', field);
    if (step === 'pop') return messagesOf(page).flash('info').join(' ');
    if (step === 'logout') await new Promise<void>((resolve) => page.session.destroy(() => resolve()));
    return action === 'logout' ? '' : Object.keys(page.session).join(' ');
  };
  return { app, loaded, goOn };
}

/** The request as connect-flash knows it. */
function messagesOf({ session }: StoredPage): Request {
  const req = { session } as unknown as Request;
  flash()(req, undefined as never, () => undefined);
  return req;
}

const open = async (app: StoredApp): Promise<Browser> =>
  new Browser(await stack.serve(await expressSession.serve(app, store)), cookieName);

describe('express-session with connect-redis', () => {
  test('of parallel requests, the last one saved replaces what the others have changed', async () => {
    const { app, loaded, goOn } = slowRequests();
    const browser = await open(app);
    await browser.text('/set/tea');
    const slow = browser.text('/slow/set/milk');
    await loaded;
    await browser.text('/set/sugar');
    goOn();
    await slow;
    expect(await browser.text('/get')).toBe('cookie tea milk');
  });

  test('a parallel request that changes nothing replaces nothing', async () => {
    const { app, loaded, goOn } = slowRequests();
    const browser = await open(app);
    await browser.text('/set/tea');
    const slow = browser.text('/slow/get');
    await loaded;
    await browser.text('/set/sugar');
    goOn();
    await slow;
    expect(await browser.text('/get')).toBe('cookie tea sugar');
  });

  test('a request that is still running brings back a session that was ended', async () => {
    const { app, loaded, goOn } = slowRequests();
    const browser = await open(app);
    await browser.text('/set/user');
    const slow = browser.text('/slow/set/tea');
    await loaded;
    await browser.text('/logout');
    expect(await redis.admin.dbsize()).toBe(0);
    goOn();
    await slow;
    expect(await browser.text('/get')).toBe('cookie user tea');
  });

  test('connect-flash: parallel requests can show a message twice', async () => {
    const { app, loaded, goOn } = slowRequests();
    const browser = await open(app);
    await browser.text('/push/saved');
    const slow = browser.text('/slow/pop');
    await loaded;
    expect(await browser.text('/pop')).toBe('saved');
    goOn();
    expect(await slow).toBe('saved');
  });

  test('connect-flash: parallel requests can lose a message', async () => {
    const { app, loaded, goOn } = slowRequests();
    const browser = await open(app);
    await browser.text('/set/user');
    const slow = browser.text('/slow/set/tea');
    await loaded;
    await browser.text('/push/saved');
    goOn();
    await slow;
    expect(await browser.text('/pop')).toBe('');
  });

  test('a request that only reads costs a GET and an EXPIRE', async () => {
    const { app } = slowRequests();
    const browser = await open(app);
    await browser.text('/set/tea');
    await redis.admin.config('RESETSTAT');
    await browser.text('/get');
    const statistics = await redis.admin.info('commandstats');
    const commands = [...statistics.matchAll(/cmdstat_(\w+):calls=(\d+)/g)].map(
      ([, name, calls]) => `${name} ${calls}`,
    );
    expect(commands.sort()).toEqual(['expire 1', 'get 1']);
  });

  test('sends a signed id of about 80 bytes', async () => {
    const browser = await open(slowRequests().app);
    await browser.text('/set/tea');
    // Encoded, up to a few characters more.
    expect(decodeURIComponent((await browser.cookie()) ?? '')).toHaveLength(78);
  });
});

test('the sidecar has a token of 68 bytes', async () => {
  const { address } = await stack.sidecar();
  const withSession = sessions<{ cart: string[] }>({ client: stack.use(connect({ address })) });
  const browser = new Browser(
    await stack.serve(
      withSession(async (_req, res, session) => {
        (await session()).set('cart', ['tea']);
        res.end();
      }),
    ),
  );
  await browser.text('/');
  expect(await browser.cookie()).toHaveLength(68);
});
