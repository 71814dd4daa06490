import { beforeEach, describe, expect, test } from '@jest/globals';
import { RedisStore } from 'connect-redis';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { connectRedisSessions } from '@session-sidecar/client/express-session';
import type { RedisClient, SessionSource } from '@session-sidecar/client/express-session';
import type { Browser } from '../../support/browser';
import { expressSession, storeFrameworks } from '../../support/store-frameworks';
import type { StoredApp } from '../../support/store-frameworks';
import { Gate, sidOf, StoreFixture, visitor } from './fixture';

/* An application whose visitors have sessions of connect-redis begins to use the sidecar. */

const fixture = new StoreFixture();

/** The database that connect-redis had; the sidecar has another one, so that each can be counted. */
const earlierDatabase = 7;

let nodeRedis: ReturnType<typeof createClient>;
let earlier: Redis;

beforeEach(async () => {
  nodeRedis = createClient({ url: fixture.redis.url, database: earlierDatabase });
  await nodeRedis.connect();
  earlier = new Redis(fixture.redis.url, { db: earlierDatabase });
  fixture.stack.defer(
    () => nodeRedis.close(),
    () => earlier.quit(),
  );
});

const app: StoredApp = (page) => {
  const [, action, field = '', value = ''] = page.path.split('/');
  if (action === 'set') page.session[field] = value;
  return JSON.stringify({ ...page.session, cookie: undefined });
};

const moving = () => fixture.store({ importFrom: connectRedisSessions({ client: nodeRedis }) });

/** A visitor with a session of connect-redis, as the real one has stored it. */
async function earlierVisitor(options?: { readonly maxAge: number }): Promise<Browser> {
  const store = new RedisStore({ client: nodeRedis });
  const browser = visitor(await fixture.serve(expressSession, app, store, options));
  await browser.text('/set/user/Ada');
  expect(await earlier.dbsize()).toBe(1);
  return browser;
}

/** The same browser, to which the application now answers by another server. */
async function afterMove(before: Browser, url: string): Promise<Browser> {
  const browser = visitor(url);
  await browser.setCookie((await before.cookie())!);
  return browser;
}

describe.each(storeFrameworks)('with $name', (framework) => {
  test('a visitor keeps the session and the signed cookie, and the record moves', async () => {
    const before = await earlierVisitor();
    const browser = await afterMove(before, await fixture.serve(framework, app, moving()));
    expect(await browser.text('/get')).toBe('{"user":"Ada"}');
    expect(await browser.text('/set/cart/tea')).toBe('{"user":"Ada","cart":"tea"}');
    expect(await browser.text('/get')).toBe('{"user":"Ada","cart":"tea"}');
    expect(await sidOf(browser)).toBe(await sidOf(before));
    expect([await earlier.dbsize(), await fixture.count()]).toEqual([0, 1]);
  });

  test('first requests in parallel, to several processes, end in one session and lose nothing', async () => {
    const before = await earlierVisitor();
    const urls = await Promise.all([1, 2, 3].map(() => fixture.serve(framework, app, moving())));
    const cookie = `connect.sid=${(await before.cookie())!}`;
    const requests = Array.from({ length: 12 }, (_, at) =>
      fetch(`${urls[at % 3]}/set/field${at}/${at}`, { headers: { cookie } }).then((response) => response.json()),
    );
    for (const seen of await Promise.all(requests)) expect(seen).toMatchObject({ user: 'Ada' });
    const browser = await afterMove(before, urls[0]!);
    const fields = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`field${at}`, String(at)]));
    expect(JSON.parse(await browser.text('/get'))).toEqual({ user: 'Ada', ...fields });
    expect([await earlier.dbsize(), await fixture.count()]).toEqual([0, 1]);
  });
});

describe('a store that moves sessions', () => {
  const sid = 'a-known-id';
  const record = (cookie: object, more: object = {}) => JSON.stringify({ cookie, user: 'Ada', ...more });
  const lifetime = async () => fixture.redis.admin.pttl((await fixture.redis.admin.keys('*'))[0]!);

  test.each(['node-redis', 'ioredis'])(
    'reads by %s, with the prefix and the format that connect-redis had',
    async (kind) => {
      await earlier.set(`shop:${sid}`, Buffer.from(record({})).toString('base64'));
      const client = kind === 'ioredis' ? earlier : (nodeRedis as unknown as RedisClient);
      const parse = (text: string) => JSON.parse(Buffer.from(text, 'base64').toString()) as object;
      const store = fixture.store({ importFrom: connectRedisSessions({ client, prefix: 'shop:', parse }) });
      expect(await store.get(sid)).toEqual({ cookie: {}, user: 'Ada' });
      expect(await earlier.dbsize()).toBe(0);
    },
  );

  test('lets a session live as long as its record would have', async () => {
    await earlier.set(`sess:${sid}`, record({ originalMaxAge: null }), 'EX', 500);
    await moving().get(sid);
    expect(await lifetime()).toBeGreaterThan(400_000);
    expect(await lifetime()).toBeLessThanOrEqual(550_000);
  });

  test('believes the TTL, not the cookie, because connect-redis extends only the TTL', async () => {
    const cookie = { originalMaxAge: 600_000, expires: new Date(Date.now() - 1000).toISOString() };
    await earlier.set(`sess:${sid}`, record(cookie), 'EX', 500);
    const moved = (await moving().get(sid)) as { cookie: { expires: string } };
    expect(Date.parse(moved.cookie.expires)).toBeGreaterThan(Date.now() + 400_000);
    expect(await fixture.store().get(sid)).toMatchObject({ user: 'Ada' });
  });

  test('gives a record without TTL, as disableTTL leaves it, the lifetime of a new session', async () => {
    await earlier.set(`sess:${sid}`, record({ originalMaxAge: null }));
    await moving().get(sid);
    expect(await lifetime()).toBeGreaterThan(86_000_000);
  });

  test('has nothing for an id that neither knows', async () => {
    expect(await moving().get('unknown')).toBeNull();
    expect(await fixture.count()).toBe(0);
  });

  test('ends a session that has not moved yet', async () => {
    await earlier.set(`sess:${sid}`, record({}));
    await moving().destroy(sid);
    expect(await moving().get(sid)).toBeNull();
    expect([await earlier.dbsize(), await fixture.count()]).toEqual([0, 0]);
  });

  test('fails without quoting a record that is not JSON', async () => {
    await earlier.set(`sess:${sid}`, 'private');
    await expect(moving().get(sid)).rejects.toThrow(/not JSON/);
    await expect(moving().get(sid)).rejects.not.toThrow(/private/);
  });

  test('refuses something else as the client', () => {
    expect(() => connectRedisSessions({ client: new Map() as unknown as RedisClient })).toThrow(TypeError);
  });

  /** A source that stops at a step of a request until the test lets it go on. */
  function stopping(step: 'after get' | 'before delete'): {
    readonly source: SessionSource;
    reached: Gate;
    goOn: Gate;
  } {
    const [reached, goOn] = [new Gate(), new Gate()];
    const source = connectRedisSessions({ client: nodeRedis });
    const stop = async () => {
      reached.open();
      await goOn.opened;
    };
    return {
      source: {
        async get(id) {
          const found = await source.get(id);
          if (step === 'after get') await stop();
          return found;
        },
        async delete(id) {
          if (step === 'before delete') await stop();
          return source.delete(id);
        },
      },
      reached,
      goOn,
    };
  }

  test('does not bring back a session that another request has moved and ended meanwhile', async () => {
    await earlier.set(`sess:${sid}`, record({}));
    const { source, reached, goOn } = stopping('after get');
    const late = fixture.store({ importFrom: source }).get(sid);
    await reached.opened;
    await moving().get(sid);
    await moving().destroy(sid);
    goOn.open();
    expect(await late).toBeNull();
    expect(await moving().get(sid)).toBeNull();
    expect(await fixture.count()).toBe(0);
  });

  test.each(['after get', 'before delete'] as const)(
    'does not bring back a session that was ended %s',
    async (step) => {
      await earlier.set(`sess:${sid}`, record({}));
      const { source, reached, goOn } = stopping(step);
      const late = fixture.store({ importFrom: source }).get(sid);
      await reached.opened;
      await moving().destroy(sid);
      goOn.open();
      expect(await late).toBeNull();
      expect(await moving().get(sid)).toBeNull();
      expect(await fixture.count()).toBe(0);
    },
  );

  test('finds a session that another request moves between its own two looks', async () => {
    await earlier.set(`sess:${sid}`, record({}));
    const source = connectRedisSessions({ client: nodeRedis });
    const store = fixture.store({
      importFrom: {
        ...source,
        async get(id) {
          await moving().get(id);
          return source.get(id);
        },
      },
    });
    expect(await store.get(sid)).toEqual({ cookie: {}, user: 'Ada' });
  });

  test('keeps a session that was stored when its record could not be removed', async () => {
    await earlier.set(`sess:${sid}`, record({}));
    const source = connectRedisSessions({ client: nodeRedis });
    const failing = { ...source, delete: () => Promise.reject(new Error('no Redis')) };
    await expect(fixture.store({ importFrom: failing }).get(sid)).rejects.toThrow('no Redis');
    expect(await moving().get(sid)).toEqual({ cookie: {}, user: 'Ada' });
    await moving().destroy(sid);
    expect(await moving().get(sid)).toBeNull();
  });
});
