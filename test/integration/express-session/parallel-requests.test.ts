import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { call, storeFrameworks } from '../../support/store-frameworks';
import type { StoredApp } from '../../support/store-frameworks';
import { Gate, sidOf, StoreFixture } from './fixture';

const fixture = new StoreFixture();

/** Loads the session, reports it, and changes it only when the gate is opened. */
class SlowApp {
  readonly #slow = new Gate();
  readonly #loaded = new Gate();
  readonly loaded = this.#loaded.opened;
  readonly goOn = this.#slow.open;

  constructor(readonly app: StoredApp) {}

  readonly run: StoredApp = async (page) => {
    if (!page.path.startsWith('/slow')) return this.app(page);
    this.#loaded.open();
    await this.#slow.opened;
    return this.app(page);
  };
}

const change: StoredApp = async (page) => {
  const [, , action, field = '', value = ''] = page.path.split('/');
  if (action === 'set') page.session[field] = value;
  if (action === 'delete') Reflect.deleteProperty(page.session, field);
  if (action === 'save') {
    page.session[field] = value;
    await call(page, 'save');
  }
  if (action === 'destroy') await call(page, 'destroy');
  return action === 'destroy' ? 'ended' : JSON.stringify({ ...page.session, cookie: undefined });
};

describe.each(storeFrameworks)('requests in parallel, with $name', (framework) => {
  test('keep what they write to different fields', async () => {
    const slow = new SlowApp(change);
    const browser = await fixture.visit(framework, slow.run);
    await browser.text('/fast/set/a/1');
    const late = browser.text('/slow/set/b/2');
    await slow.loaded;
    await browser.text('/fast/set/c/3');
    slow.goOn();
    await late;
    expect(JSON.parse(await browser.text('/fast/get'))).toEqual({ a: '1', b: '2', c: '3' });
  });

  test('keep what another removes, and what they remove stays removed', async () => {
    const slow = new SlowApp(change);
    const browser = await fixture.visit(framework, slow.run);
    await browser.text('/fast/set/a/1');
    await browser.text('/fast/set/b/2');
    const late = browser.text('/slow/delete/a');
    await slow.loaded;
    await browser.text('/fast/delete/b');
    await browser.text('/fast/set/c/3');
    slow.goOn();
    await late;
    expect(await browser.text('/fast/get')).toBe('{"c":"3"}');
  });

  test.each(['set', 'save', 'get'])('after a logout, a late %s does not bring the session back', async (action) => {
    const slow = new SlowApp(change);
    const store = fixture.store();
    const discarded: unknown[] = [];
    store.on('discarded', () => discarded.push(action));
    const url = await fixture.serve(framework, slow.run, store, { maxAge: 60_000 });
    const browser = await fixture.visit(framework, change, { maxAge: 60_000 });
    await browser.text('/fast/set/a/1');
    const cookie = `connect.sid=${await browser.cookie()}`;
    const late = fetch(`${url}/slow/${action}/b/2`, { headers: { cookie } });
    await slow.loaded;
    expect(await browser.text('/fast/destroy')).toBe('ended');
    slow.goOn();
    const response = await late;
    expect(response.status).toBe(200);
    // express-session sends the headers first.
    await response.text();
    expect(await fixture.count()).toBe(0);
    if (action !== 'get') expect(discarded.length).toBeGreaterThan(0);
  });

  test('after a regeneration, a late set changes neither the old session nor the new one', async () => {
    const login: StoredApp = async (page) => {
      if (!page.path.startsWith('/fast/login')) return change(page);
      await call(page, 'regenerate');
      page.session['user'] = 'Ada';
      return 'hello';
    };
    const slow = new SlowApp(login);
    const browser = await fixture.visit(framework, slow.run);
    await browser.text('/fast/set/a/1');
    const before = await sidOf(browser);
    const late = fetch(`${await urlOf(browser)}/slow/set/b/2`, {
      headers: { cookie: `connect.sid=${await browser.cookie()}` },
    });
    await slow.loaded;
    await browser.text('/fast/login');
    slow.goOn();
    await (await late).text();
    expect(await sidOf(browser)).not.toBe(before);
    expect(await browser.text('/fast/get')).toBe('{"user":"Ada"}');
    expect(await fixture.store().get(before)).toBeNull();
    expect(await fixture.count()).toBe(1);
  });
});

async function urlOf(browser: { fetch(path: string): Promise<Response> }): Promise<string> {
  return new URL((await browser.fetch('/fast/get')).url).origin;
}

/** What one request does: loads the session, changes fields, and stores it; or ends it. */
interface Step {
  readonly kind: 'load' | 'set' | 'touch' | 'destroy';
  readonly request: number;
  readonly field: string;
  readonly value: number | undefined;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('load', 'load', 'set', 'set', 'set', 'touch', 'destroy'),
  request: fc.nat(3),
  field: fc.constantFrom('a', 'b', 'c'),
  value: fc.option(fc.nat(9), { nil: undefined }),
});

test('in any order of loading and storing, each field has the last value that a request gave it, until the session ends', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.uuid(), async (steps, sid) => {
      const store = fixture.store();
      await store.set(sid, { cookie: {}, a: 0 });
      let model: Map<string, number> | undefined = new Map([['a', 0]]);
      const requests = new Map<number, Record<string, unknown>>();
      for (const { kind, request, field, value } of steps) {
        if (kind === 'load') {
          const data = (await store.get(sid)) as Record<string, unknown> | null;
          expect(data).toEqual(model === undefined ? null : { cookie: {}, ...Object.fromEntries(model) });
          if (data !== null) requests.set(request, data);
        } else if (kind === 'destroy') {
          await store.destroy(sid);
          model = undefined;
        } else {
          const data = requests.get(request);
          if (data === undefined) continue;
          if (kind === 'touch') await store.touch(sid, data);
          else {
            const before = data[field];
            if (value === undefined) Reflect.deleteProperty(data, field);
            else data[field] = value;
            await store.set(sid, data);
            if (before === value) continue;
            if (value === undefined) model?.delete(field);
            else model?.set(field, value);
          }
        }
      }
      const left = (await store.get(sid)) as object | null;
      expect(left).toEqual(model === undefined ? null : { cookie: {}, ...Object.fromEntries(model) });
    }),
    { numRuns: 60 },
  );
});
