import { describe, expect, test } from '@jest/globals';
import flash from 'connect-flash';
import { doubleCsrf } from 'csrf-csrf';
import type { Express } from 'express';
import { Browser } from '../../support/browser';
import { cookieParser } from '../../support/cookie-parser';
import { ExpressStack, expressVersions } from '../../support/express-stack';

const stack = new ExpressStack();

describe.each(expressVersions)('connect-flash on %s', (_, version) => {
  const useFlash = (app: Express) => {
    app.use(flash());
    app.get('/save', (req, res) => {
      req.flash('info', 'Saved %s', 'tea');
      req.flash('error', ['no sugar', 'no milk']);
      res.redirect('/info');
    });
    app.get('/info', (req, res) => void res.json(req.flash('info')));
    app.get('/all', (req, res) => void res.json(req.flash()));
  };

  test.each([true, ['flash']] as const)('shows each message once, with properties: %j', async (properties) => {
    const browser = new Browser(await stack.serve(useFlash, { properties }, version));
    expect(await browser.text('/save')).toBe('["Saved tea"]');
    expect(await browser.text('/info')).toBe('[]');
    expect(await browser.text('/all')).toBe('{"error":["no sugar","no milk"]}');
    expect(await browser.text('/all')).toBe('{}');
  });

  test('is refused where flash() is the method of sessions, rather than losing messages', async () => {
    const response = await fetch(`${await stack.serve(useFlash, {}, version)}/save`);
    expect(response.status).toBe(500);
    expect(await response.text()).toContain('properties');
  });
});

describe.each(expressVersions)('csrf-csrf on %s', (_, version) => {
  const { doubleCsrfProtection, generateCsrfToken } = doubleCsrf({
    getSecret: () => 'a secret',
    getSessionIdentifier: (req) => req.session.id ?? '',
    cookieName: 'csrf',
    cookieOptions: { secure: false },
  });

  const open = async (): Promise<Browser> =>
    new Browser(
      await stack.serve(
        (app) => {
          app.use(cookieParser, doubleCsrfProtection);
          app.get('/form', async (req, res) => {
            req.session.set('note', 'new');
            await req.session.save();
            res.send(generateCsrfToken(req, res, { overwrite: true }));
          });
          app.post('/', (_req, res) => void res.send('done'));
          app.post('/login', (req, res, next) => {
            req.session.regenerate((error) => {
              req.session.set('note', 'signed in');
              if (error) next(error);
              else res.send('signed in');
            });
          });
        },
        {},
        version,
      ),
    );

  test('binds its token to the session', async () => {
    const [browser, other] = [await open(), await open()];
    const headers = { 'X-CSRF-Token': await browser.text('/form') };
    expect([(await browser.post('/', {}, { headers })).status, (await browser.post('/')).status]).toEqual([200, 403]);
    await other.text('/form');
    await other.setCookie(headers['X-CSRF-Token'], 'csrf');
    expect((await other.post('/', {}, { headers })).status).toBe(403);
  });

  test('refuses a token from before the login', async () => {
    const browser = await open();
    const headers = { 'X-CSRF-Token': await browser.text('/form') };
    expect((await browser.post('/login', {}, { headers })).status).toBe(200);
    expect((await browser.post('/', {}, { headers })).status).toBe(403);
  });
});
