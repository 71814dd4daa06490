import type { IncomingMessage, ServerResponse } from 'node:http';
import { beforeAll, expect, test } from '@jest/globals';
import { SessionError } from '@session-sidecar/client';
import type { ISession, SessionClient } from '@session-sidecar/client';
import { resolveSettings } from '../../client/src/web/request-session';
import { startSessionResponse } from '../../client/src/web/session-response';
import { connect } from '../support/client';
import { Browser } from '../support/browser';
import { stackForAllTests, stackForEachTest } from '../support/stack';

interface Visits {
  count?: number;
}
type Handler = (session: () => ISession<Visits>, res: ServerResponse, req: IncomingMessage) => unknown;

const shared = stackForAllTests();
const stack = stackForEachTest();
let client: SessionClient<Visits>;

beforeAll(async () => {
  client = shared.use(connect(await shared.sidecar()));
});

/** An adapter for `node:http` without any framework. */
async function visit(handle: Handler, cookieOnException = true): Promise<Browser> {
  const settings = resolveSettings<Visits>({ client, cookieOnException });
  const url = await stack.serve((req, res) => {
    const onError = (error: unknown): void => {
      res.statusCode = SessionError.is(error) ? error.status : 500;
      res.end(String(error));
    };
    void (async () => {
      const started = startSessionResponse(settings, { req, res, isHttps: () => false, onError });
      await started.open();
      await handle(() => started.session, res, req);
    })();
  });
  return new Browser(url);
}

test('saves before the response leaves, and finds the session at the next request', async () => {
  const browser = await visit((session, res) => {
    session().set('count', session().get('count', 0) + 1);
    res.end(String(session().get('count')));
  });
  expect([await browser.text('/'), await browser.text('/')]).toEqual(['1', '2']);
  expect((await client.open(await browser.cookie())).get('count')).toBe(2);
});

test('leaves no trace in a response whose session is not touched', async () => {
  const browser = await visit((_, res) => res.end());
  const { headers } = await browser.fetch('/');
  expect([headers.get('Set-Cookie'), headers.get('Vary'), headers.get('Cache-Control')]).toEqual([null, null, null]);
});

test.each([
  [undefined, 'Cookie'],
  ['Accept', 'Accept, Cookie'],
  [['Accept', 'Origin'], 'Accept, Origin, Cookie'],
  ['Accept, COOKIE', 'Accept, COOKIE'],
  ['*', '*'],
])('with the header Vary: %j, makes it %s', async (vary, expected) => {
  const browser = await visit((session, res) => {
    if (vary !== undefined) res.setHeader('Vary', vary);
    res.end(String(session().size));
  });
  expect((await browser.fetch('/')).headers.get('Vary')).toBe(expected);
});

test('discards the response of a session that has ended meanwhile', async () => {
  const browser = await visit(async (session, res) => {
    if (session().isNew) {
      session().set('count', 1);
    } else {
      await (await client.open(session().token)).invalidate();
      session().set('count', 2);
    }
    res.end('counted');
  });
  expect(await browser.text('/')).toBe('counted');
  const response = await browser.fetch('/');
  expect([response.status, await response.text()]).toEqual([409, expect.stringContaining('SESSION_NOT_FOUND')]);
});

test('deletes the cookie of a session that the request has ended', async () => {
  const browser = await visit(async (session, res, { url }) => {
    if (url === '/logout') await session().invalidate();
    else session().set('count', 1);
    res.end();
  });
  await browser.fetch('/');
  expect(await browser.cookie()).toBeDefined();
  await browser.fetch('/logout');
  expect(await browser.cookie()).toBeUndefined();
});

test('withholds the cookie of a session that a failed request has started, and ends the session', async () => {
  let token: string | undefined;
  const browser = await visit(async (session, res) => {
    await session().csrfToken();
    token = session().token;
    res.writeHead(500).end();
  }, false);
  await browser.fetch('/');
  expect(await browser.cookie()).toBeUndefined();
  expect((await client.open(token)).origin).toBe('not_found');
});
