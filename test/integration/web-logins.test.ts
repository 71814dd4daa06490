import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { nestFrameworks } from '../support/nest-frameworks';
import { frameworks, http2Frameworks } from '../support/web-frameworks';
import type { Page } from '../support/web-frameworks';
import { WebStack } from '../support/web-stack';

const stack = new WebStack();

type LogIn = (session: Page['session']) => Promise<void>;

/** As express-session does it: a new and empty session. */
const byCallback: LogIn = async (session) => {
  const own = await session();
  await promisify((done: (error?: unknown) => void) => void own.regenerate(done))();
  (await session()).set('note', 'Ada');
};

/** Keeps what the session holds. */
const byPromise: LogIn = async (session) => {
  const own = await session();
  own.set('note', 'Ada');
  await own.regenerate();
};

/** The same, but goes on with another session if there is none any more. */
const orCreating: LogIn = async (session) => {
  const own = await session();
  own.set('note', 'Ada');
  await own.regenerate({ orCreate: true });
};

describe.each([...frameworks, ...nestFrameworks, ...http2Frameworks])(
  '$name, with two equal logins at once',
  (framework) => {
    /** The status of each, and what the session of its cookie holds. The visitor had a cart: three visits. */
    async function logInTwice(logIn: LogIn): Promise<readonly (readonly [status: number, stored: unknown])[]> {
      let arrived = 0;
      let goOn = () => {};
      const areBothLoaded = new Promise<void>((resolve) => (goOn = resolve));
      const url = await stack.serve(framework, async ({ session }) => {
        await session();
        arrived += 1;
        if (arrived === 2) goOn();
        await areBothLoaded;
        await logIn(session);
        return { status: 303, headers: { Location: '/' } };
      });
      const token = await stack.token({ note: 'stranger', visits: 3 });
      const send = () => fetch(url, { redirect: 'manual', headers: { cookie: `session_sidecar=${token}` } });
      const responses = await Promise.all([send(), send()]);
      expect(await stack.stored(token)).toBeUndefined();
      const outcomes = responses.map(async ({ status, headers }) => {
        const cookie = /session_sidecar=([^;]+)/.exec(headers.getSetCookie().join())?.[1];
        return [status, await stack.stored(cookie)] as const;
      });
      return (await Promise.all(outcomes)).sort(([one], [other]) => one - other);
    }

    test.each<[string, LogIn, first: object]>([
      ['regenerate(callback)', byCallback, { note: 'Ada' }],
      ['regenerate({ orCreate: true })', orCreating, { note: 'Ada', visits: 3 }],
    ])('%s signs the visitor in, whichever response the browser gets', async (_, logIn, first) => {
      const outcomes = await logInTwice(logIn);
      expect(outcomes).toHaveLength(2);
      // The second has nothing of the session whose token the first has replaced.
      expect(outcomes).toEqual(
        expect.arrayContaining([
          [303, first],
          [303, { note: 'Ada' }],
        ]),
      );
    });

    test('regenerate() alone refuses the second', async () => {
      expect(await logInTwice(byPromise)).toEqual([
        [303, { note: 'Ada', visits: 3 }],
        [409, undefined],
      ]);
    });

    test('a logout in between ends the old session for good', async () => {
      const url = await stack.serve(framework, async ({ session }) => {
        const own = await session();
        await stack.client.invalidate(own.token!);
        await orCreating(session);
        return { body: String(own.get('visits', 0)) };
      });
      const token = await stack.token({ note: 'stranger', visits: 3 });
      const response = await fetch(url, { headers: { cookie: `session_sidecar=${token}` } });
      const cookie = /session_sidecar=([^;]+)/.exec(response.headers.getSetCookie().join())?.[1];
      expect(await response.text()).toBe('0');
      expect([await stack.stored(token), await stack.stored(cookie)]).toEqual([undefined, { note: 'Ada' }]);
      expect(cookie?.slice(0, 22)).not.toBe(token.slice(0, 22));
    });
  },
);
