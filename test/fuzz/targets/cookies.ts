import assert from 'node:assert/strict';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import express from 'express';
import type { Request, Response } from 'express';
import { status } from '@grpc/grpc-js';
import { Cookie } from 'tough-cookie';
import { SessionClient, SessionError } from '@session-sidecar/client';
import { sessions } from '@session-sidecar/client/express';
import type { CookieOptions } from '@session-sidecar/client/express';
import { failure, sessionWith, startFakeSidecar } from '../../support/fake-sidecar';
import { Choices } from '../bytes/choices';
import type { Target } from '../engine/target';

const name = 'sid';
const tokenOf = (letter: string): string => `${letter.repeat(43)}.${letter.repeat(24)}`;
const live = tokenOf('L');
const dead = ['A', 'B', 'C', 'D'].map(tokenOf);
const garbage = [
  '',
  'x',
  '%',
  '%E0%A4%A',
  '"',
  '=',
  tokenOf('L').slice(1),
  `${tokenOf('L')}x`,
  '\u0000',
  'x'.repeat(5000),
  '😀',
  '%0d%0aSet-Cookie: a=b',
];
/** Of each request: see docs on cookies of one name. */
const mostTried = 3;

export const cookies: Target = {
  name: 'cookies',
  property:
    'For any Cookie header the middleware goes on with a session, the live one if its token is among the first three, after three calls at most; ' +
    'with any options, it refuses them or sets only cookies that browsers take.',
  guidedBy: ['client/src/web'],
  seeds: [
    ...[`sid=${live}`, `a=b; sid=${dead[0]}; sid=${live}; c`, `sid="${live}"`, ''].map((header) =>
      Buffer.from(`\u0000${header}`),
    ),
    ...[
      [1, 0],
      [1, 1, 1, 2, 0],
      [1, 3, 0, 0, 0, 0],
      [2, 0, 0, 0, 0, 0, 0, 0],
      [2, 1, 1, 1, 1, 1, 1, 1],
    ].map((bytes) => Buffer.from(bytes)),
  ],
  dictionary: [';', '; ', '=', 'sid=', '__Host-sid=', '"', '%', ',', '\t', ' ', live, dead[0]!],
  async open() {
    const sidecar = await startFakeSidecar({
      getSession: ({ request }) => {
        const { token } = request as { readonly token: string };
        if (token !== live) throw failure(status.NOT_FOUND, 'SESSION_NOT_FOUND');
        return { session: sessionWith({ found: '1' }) };
      },
      updateSession: () => ({ version: 2, expires: undefined, results: [{ applied: true, messages: [] }] }),
      createSession: () => ({
        token: tokenOf('N'),
        session: sessionWith({ note: '1' }),
        results: [{ applied: true, messages: [] }],
      }),
    });
    const client = new SessionClient<object>({ address: sidecar.address, timeoutMs: 10_000 });
    const middleware = sessions({ client: client, cookie: { name, secure: false } });
    return {
      async run(input) {
        const choices = new Choices(input);
        switch (choices.below(3)) {
          case 0:
            await request(middleware, choices.rest().toString('latin1'));
            break;
          case 1:
            await requestWithTokens(choices);
            break;
          default:
            await requestWithOptions(choices);
        }
      },
      close: () => {
        client.close();
        sidecar.close();
        return Promise.resolve();
      },
    };

    async function requestWithTokens(choices: Choices): Promise<void> {
      const values = Array.from({ length: choices.below(7) }, () =>
        choices.pick([...dead, live, ...garbage.slice(0, 6)]),
      );
      const before = sidecar.calls.length;
      const { isFound } = await request(middleware, values.map((value) => `${name}=${value}`).join('; '));
      const calls = sidecar.calls.slice(before).filter((call) => call === 'getSession').length;
      assert.ok(calls <= mostTried, `${calls} sessions were looked for`);
      const tokens = [...new Set(values.filter((value) => value === live || dead.includes(value)))].slice(0, mostTried);
      assert.equal(isFound, tokens.includes(live), 'whether the live session was found');
    }

    async function requestWithOptions(choices: Choices): Promise<void> {
      const isHttps = choices.byte() % 2 === 1;
      const options = optionsOf(choices);
      let handler: typeof middleware;
      try {
        handler = sessions({ client: client, cookie: options });
      } catch (error) {
        assert.ok(error instanceof TypeError, String(error));
        return;
      }
      const { setCookie } = await request(handler, '', isHttps);
      for (const header of setCookie) assertAccepted(header);
    }
  },
};

/** Gives requests and responses what Express gives them. */
const app = express();

interface Answered {
  readonly isFound: boolean;
  readonly setCookie: readonly string[];
}

/** One request through the middleware to a handler that writes to the session. */
async function request(handler: ReturnType<typeof sessions>, cookie: string, isHttps = false): Promise<Answered> {
  const socket = Object.assign(new Socket(), { encrypted: isHttps });
  const req = Object.setPrototypeOf(new IncomingMessage(socket), app.request) as Request;
  req.headers = { cookie };
  Object.assign(req, { method: 'GET', url: '/' });
  const res = Object.setPrototypeOf(new ServerResponse(req), app.response) as Response;
  Object.assign(res, { req });
  res.assignSocket(new Duplex({ read: () => {}, write: (_data, _encoding, done) => done() }) as unknown as Socket);
  let calls = 0;
  await new Promise<void>((resolve, reject) => {
    res.once('finish', resolve);
    handler(req, res, (error?: unknown) => {
      calls += 1;
      if (error === undefined && calls === 1) {
        (req.session as unknown as { set(key: string, value: number): void }).set('note', 1);
        res.end('ok');
      } else if (calls === 1 && SessionError.is(error)) {
        res.end();
      } else {
        reject(error instanceof Error ? error : new Error(`next() was called ${calls} times`));
      }
    });
  });
  const isFound = (req.session as { has(key: string): boolean }).has('found');
  const setCookie = [res.getHeader('set-cookie') ?? []].flat().map(String);
  assert.ok(setCookie.length <= 1, `${setCookie.length} cookies were set`);
  return { isFound, setCookie };
}

function optionsOf(choices: Choices): CookieOptions {
  const texts = [
    '',
    '/',
    '/a b',
    '/\r\nx: y',
    ';',
    'a=b',
    'é',
    '\u0000',
    '/ok',
    'example.com',
    '.example.com',
    '/;x',
    'x'.repeat(5000),
  ];
  const option = <T>(...values: T[]): T | undefined => (choices.isRare(2) ? choices.pick(values) : undefined);
  return {
    name: option(
      'sid',
      '__Host-sid',
      '__Secure-sid',
      '__host-sid',
      '__HOST-sid',
      'a b',
      '',
      'sid;',
      'sid=',
      'é',
      '__Http-sid',
    ),
    path: option(...texts),
    domain: option(...texts),
    secure: option<boolean | 'auto'>(true, false, 'auto'),
    sameSite: option<'strict' | 'lax' | 'none'>('strict', 'lax', 'none', 'None' as never, '' as never),
    httpOnly: option(true, false),
    maxAge: option(0, 1, -1, 1.5, NaN, Infinity, 10 ** 12),
    partitioned: option(true, false),
  };
}

/** What browsers ask of a cookie (RFC 6265bis, sections 4.1.3 and 5.7; CHIPS for `Partitioned`). */
function assertAccepted(header: string): void {
  // oxlint-disable-next-line no-control-regex
  assert.ok(!/[\u0000-\u0008\u000a-\u001f\u007f]/.test(header), 'a control character in a Set-Cookie header');
  const cookie = Cookie.parse(header);
  assert.ok(cookie !== undefined && cookie.key !== '', `a Set-Cookie header that cannot be parsed: ${header}`);
  const isHost = /^__host-/i.test(cookie.key);
  if (isHost || /^__secure-/i.test(cookie.key)) assert.ok(cookie.secure, 'a cookie with a prefix, without Secure');
  if (isHost)
    assert.ok(cookie.path === '/' && cookie.domain === null, 'a __Host- cookie with another path or a domain');
  assert.ok(cookie.sameSite !== 'none' || cookie.secure, 'SameSite=None without Secure');
  assert.ok(!/; *partitioned/i.test(header) || cookie.secure, 'Partitioned without Secure');
}
