import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { SessionError } from '@session-sidecar/client';
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

/** The same, but goes on with an empty session if another request has replaced the token. */
const startingAnew: LogIn = async (session) => {
  const own = await session();
  try {
    await byPromise(session);
  } catch (error) {
    if (!SessionError.is(error) || error.code !== 'SESSION_NOT_FOUND') throw error;
    await own.invalidate();
    own.set('note', 'Ada');
  }
};

describe.each([...frameworks, ...nestFrameworks, ...http2Frameworks])(
  '$name, with two equal logins at once',
  (framework) => {
    /** The status of each, and whether its cookie signs the visitor in. */
    async function logInTwice(logIn: LogIn): Promise<readonly (readonly [status: number, note: string | undefined])[]> {
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
      const token = await (await stack.visitor(url)).cookie();
      const send = () => fetch(url, { redirect: 'manual', headers: { cookie: `session_sidecar=${token}` } });
      const responses = await Promise.all([send(), send()]);
      expect(await stack.stored(token)).toBeUndefined();
      const outcomes = responses.map(async ({ status, headers }) => {
        const cookie = /session_sidecar=([^;]+)/.exec(headers.getSetCookie().join())?.[1];
        return [status, (await stack.stored(cookie))?.note] as const;
      });
      return (await Promise.all(outcomes)).sort(([one], [other]) => one - other);
    }

    test.each([
      ['regenerate(callback)', byCallback],
      ['regenerate(), or else another session,', startingAnew],
    ])('%s signs the visitor in, whichever response the browser gets', async (_, logIn) => {
      expect(await logInTwice(logIn)).toEqual([
        [303, 'Ada'],
        [303, 'Ada'],
      ]);
    });

    test('regenerate() alone refuses the second', async () => {
      expect(await logInTwice(byPromise)).toEqual([
        [303, 'Ada'],
        [409, undefined],
      ]);
    });
  },
);
