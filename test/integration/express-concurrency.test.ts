import { expect, test } from '@jest/globals';
import type { Browser } from '../support/browser';
import { ExpressStack } from '../support/express-stack';

const stack = new ExpressStack();
const many = Array.from({ length: 50 }, (_, index) => index);

test('Parallel requests that write different keys keep all writes', async () => {
  const url = await stack.serve((app) => {
    app.post('/:index', (req, res) => {
      const index = Number(req.params.index);
      req.session.set(`key${index}`, index);
      if (index === 0) req.session.delete('note');
      res.send();
    });
  });
  const browser = await stack.browserWithSession(url);
  const responses = await Promise.all(many.map((index) => browser.post(`/${index}`)));
  expect(responses.map(({ status }) => status)).toEqual(many.map(() => 200));
  expect(await stack.stored(await browser.cookie())).toEqual(
    Object.fromEntries(many.map((index) => [`key${index}`, index])),
  );
});

test('Parallel requests that transform one value all count', async () => {
  const url = await stack.serve((app) => {
    app.post('/', async (req, res) => {
      res.json(await req.session.transform('key1', (count = 0) => count + 1));
    });
  });
  const browser = await stack.browserWithSession(url);
  const some = many.slice(0, 25);
  const counts = await Promise.all(some.map(async () => (await browser.post('/')).json() as Promise<number>));
  expect(counts.sort((a, b) => a - b)).toEqual(some.map((index) => index + 1));
});

test('A flash message is shown once, however many pages load at the same time', async () => {
  const url = await stack.serve((app) => {
    app.post('/', (req, res) => {
      req.session.flash('Saved');
      res.redirect(303, '/');
    });
    app.get('/', async (req, res) => void res.json(await req.session.popFlash()));
  });
  const browser = await stack.browserWithSession(url);
  await browser.post('/', {}, { redirect: 'manual' });
  const pages = await Promise.all(many.map(async () => (await browser.fetch('/')).json() as Promise<string[]>));
  expect(pages.flat()).toEqual(['Saved']);
});

test('After a redirect, the session is as the redirecting request left it', async () => {
  const url = await stack.serve((app) => {
    app.post('/:index', (req, res) => {
      req.session.set('key1', Number(req.params.index));
      res.redirect(303, '/');
    });
    app.get('/', (req, res) => void res.json(req.session.get('key1')));
  });
  const visitors = await Promise.all(many.map(() => stack.browserWithSession(url)));
  const seen = await Promise.all(visitors.map(async (browser, index) => (await browser.post(`/${index}`)).json()));
  expect(seen).toEqual(many);
});

test('A request that overlaps a regenerate() and writes is refused, and the browser keeps the new token', async () => {
  let begun = () => {};
  let goOn = () => {};
  const isRunning = new Promise<void>((resolve) => (begun = resolve));
  const url = await stack.serve((app) => {
    app.post('/slow', async (req, res) => {
      begun();
      await new Promise<void>((resolve) => (goOn = resolve));
      req.session.set('note', 'slow');
      res.send();
    });
    app.post('/login', async (req, res) => {
      req.session.set('note', 'logged in');
      await req.session.regenerate();
      res.send();
    });
  });
  const browser: Browser = await stack.browserWithSession(url);
  const slow = browser.post('/slow');
  await isRunning;
  await browser.post('/login');
  goOn();
  const response = await slow;
  expect(response.status).toBe(409);
  expect(response.headers.getSetCookie()).toEqual([]);
  expect(await stack.stored(await browser.cookie())).toEqual({ note: 'logged in' });
});
