import { describe, expect, test } from '@jest/globals';
import express from 'express';
import type { Express, RequestHandler } from 'express';
import { Passport } from 'passport';
import { Strategy } from 'passport-local';
import { Browser } from '../../support/browser';
import { ExpressStack, expressVersions } from '../../support/express-stack';

const stack = new ExpressStack();

const names = new Map([[7, 'Ada']]);

/** As Passport's own documentation has it for express-session. */
function usePassport(app: Express): void {
  const passport = new Passport();
  passport.use(new Strategy((name, password, done) => done(null, password === 'engine' && { id: 7, name })));
  passport.serializeUser((user, done) => done(null, (user as { id: number }).id));
  passport.deserializeUser((id: number, done) => done(null, names.has(id) && { id, name: names.get(id) }));
  app.use(express.urlencoded({ extended: false }), passport.session());

  const logIn: RequestHandler = (req, res, next) => {
    const { keepSessionInfo = '' } = req.query;
    const options = {
      keepSessionInfo: keepSessionInfo !== '',
      failureRedirect: '/refused',
      failureMessage: 'wrong password',
    };
    (passport.authenticate('local', options) as RequestHandler)(req, res, next);
  };
  app.post('/login', logIn, (_req, res) => res.redirect(303, '/'));
  app.post('/logout', (req, res, next) => {
    req.logout({ keepSessionInfo: req.query['keepSessionInfo'] === '1' }, (error) => {
      if (error) next(error);
      else res.redirect(303, '/');
    });
  });
  app.get('/refused', (req, res) => void res.json((req.session as unknown as { messages: unknown }).messages));
  app.get('/note', (req, res) => {
    req.session.set('note', 'cart');
    res.send('noted');
  });
  app.get('/', (req, res) => {
    const { name } = (req.user ?? {}) as { name?: string };
    res.json({ isAuthenticated: req.isAuthenticated(), name, note: req.session.get('note') });
  });
}

describe.each(expressVersions)('Passport on %s', (_, version) => {
  const credentials = { username: 'Ada', password: 'engine' };
  const ada = { isAuthenticated: true, name: 'Ada' };
  const stranger = { isAuthenticated: false };

  const open = async (): Promise<Browser> => new Browser(await stack.serve(usePassport, {}, version));
  const home = async (browser: Browser): Promise<unknown> => JSON.parse(await browser.text('/')) as unknown;

  test('logs in and out', async () => {
    const browser = await open();
    expect(await home(browser)).toEqual(stranger);
    expect(await (await browser.post('/login', credentials)).json()).toEqual(ada);
    expect(await home(browser)).toEqual(ada);
    expect(await (await browser.post('/logout')).json()).toEqual(stranger);
    expect([await browser.cookie(), await home(browser)]).toEqual([undefined, stranger]);
  });

  test('gives a visitor who logs in another session, whose token is known to no one else', async () => {
    const browser = await open();
    await browser.text('/note');
    const before = await browser.cookie();
    await browser.post('/login', credentials);
    const token = await browser.cookie();
    expect(token).not.toBe(before);
    expect([await stack.stored(before), await stack.stored(token)]).toEqual([undefined, { passport: { user: 7 } }]);
  });

  test('keeps what the session holds, if it is to', async () => {
    const browser = await open();
    await browser.text('/note');
    expect(await (await browser.post('/login?keepSessionInfo=1', credentials)).json()).toEqual({
      ...ada,
      note: 'cart',
    });
    const before = await browser.cookie();
    expect(await (await browser.post('/logout?keepSessionInfo=1')).json()).toEqual({ ...stranger, note: 'cart' });
    expect([await stack.stored(before), await stack.stored(await browser.cookie())]).toEqual([
      undefined,
      { note: 'cart', passport: {} },
    ]);
  });

  test('drops it otherwise', async () => {
    const browser = await open();
    await browser.text('/note');
    expect(await (await browser.post('/login', credentials)).json()).toEqual(ada);
  });

  test('refuses a wrong password, and says so on the next page', async () => {
    const browser = await open();
    const response = await browser.post('/login', { ...credentials, password: 'wrong' });
    expect(await response.json()).toEqual(['wrong password']);
    expect(await home(browser)).toEqual(stranger);
  });

  test('forgets a user who is gone', async () => {
    const browser = await open();
    await browser.post('/login', credentials);
    names.delete(7);
    try {
      expect(await home(browser)).toEqual(stranger);
    } finally {
      names.set(7, 'Ada');
    }
    expect(await stack.stored(await browser.cookie())).toEqual({ passport: {} });
  });
});
