import { describe, expect, test } from '@jest/globals';
import type { Request } from 'express';
import { Browser } from '../support/browser';
import { ExpressStack, expressVersions } from '../support/express-stack';

const stack = new ExpressStack();

const steps = {
  use: ({ session }: Request) => session.set('note', 'new'),
  store: ({ session }: Request) => session.csrfToken(),
  invalidate: ({ session }: Request) => session.invalidate(),
  regenerate: ({ session }: Request) => session.regenerate(),
};
type Step = keyof typeof steps;

// The table of the seed library. It stores and sets a cookie for whoever touches the session; this does so only when
// something is written, hence the second row. Those that regenerate or store are not in the seed's.
const table: [start: 'new' | 'existing', steps: Step[], usually: string, withheld: string][] = [
  ['new', [], 'none', 'none'],
  ['new', ['use'], 'set', 'none'],
  ['new', ['store'], 'set', 'none'],
  ['new', ['invalidate'], 'none', 'none'],
  ['new', ['invalidate', 'use'], 'set', 'none'],
  ['new', ['invalidate', 'use', 'invalidate'], 'none', 'none'],
  ['new', ['store', 'invalidate'], 'none', 'none'],
  ['new', ['invalidate', 'invalidate'], 'none', 'none'],
  ['existing', [], 'none', 'none'],
  ['existing', ['use'], 'none', 'none'],
  ['existing', ['invalidate'], 'delete', 'delete'],
  ['existing', ['invalidate', 'use'], 'set', 'delete'],
  ['existing', ['invalidate', 'store'], 'set', 'delete'],
  ['existing', ['invalidate', 'use', 'invalidate'], 'delete', 'delete'],
  ['existing', ['invalidate', 'invalidate'], 'delete', 'delete'],
  ['existing', ['regenerate'], 'set', 'set'],
];

function effectOf(response: Response): string {
  const cookies = response.headers.getSetCookie();
  expect(cookies.length).toBeLessThanOrEqual(1);
  const [cookie] = cookies;
  if (cookie === undefined) return 'none';
  return cookie.startsWith('session_sidecar=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970') ? 'delete' : 'set';
}

describe.each(expressVersions)('On %s, the cookie of a session', (_, express) => {
  const cases = table.flatMap(([start, done, usually, withheld]) =>
    [true, false].flatMap((cookieOnException) =>
      [false, true].map((fails) => ({
        start,
        done,
        what: done.length === 0 ? 'nothing is done' : done.join(', then '),
        cookieOnException,
        fails,
        effect: fails && !cookieOnException ? withheld : usually,
      })),
    ),
  );
  test.each(cases)(
    '$start, when $what, with cookieOnException=$cookieOnException and an exception ($fails): $effect',
    async ({ start, done, cookieOnException, fails, effect }) => {
      const run = async (req: Request) => {
        // Looking is nothing.
        req.session.get('note');
        for (const step of done) await steps[step](req);
        if (fails) throw new Error('made up');
      };
      const url = await stack.serve(
        (app) => app.get('/', (req, res, next) => void run(req).then(() => res.send('done'), next)),
        { cookieOnException },
        express,
      );
      const browser = start === 'new' ? new Browser(url) : await stack.browserWithSession(url);
      const before = await browser.cookie();
      const response = await browser.fetch('/');
      expect(response.status).toBe(fails ? 500 : 200);
      expect(effectOf(response)).toBe(effect);

      const after = await browser.cookie();
      if (effect === 'set') expect(after).not.toBe(before);
      else expect(after).toBe(effect === 'delete' ? undefined : before);
      // Nothing is left in Redis that the browser could not ask for.
      expect(await redisSize()).toBe(after === undefined ? 0 : 1);
      if (after !== undefined) expect(await stack.stored(after)).toBeDefined();
    },
  );
});

const redisSize = () => stack.redis.admin.dbsize();
