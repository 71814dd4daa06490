import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { connect as connectHttp2, createSecureServer } from 'node:http2';
import type {
  ClientHttp2Session,
  Http2ServerRequest,
  Http2ServerResponse,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { beforeAll, expect, test } from '@jest/globals';
import Koa from 'koa';
import { generate } from 'selfsigned';
import type { SessionClient } from '@session-sidecar/client';
import { csrf as koaCsrf, csrfToken, sessions as koaSessions } from '@session-sidecar/client/koa';
import { csrf as nodeCsrf, sessions as nodeSessions } from '@session-sidecar/client/node';
import { connect } from '../support/client';
import { stackForAllTests, stackForEachTest } from '../support/stack';
import type { Visits } from '../support/web-frameworks';

/* By TLS, as browsers speak it. What does not depend on that is in web-adapters.test.ts. */

const shared = stackForAllTests();
const stack = stackForEachTest();
let client: SessionClient<Visits>;
let certificate: { readonly cert: string; readonly key: string };

beforeAll(async () => {
  client = shared.use(connect<Visits>(await shared.sidecar()));
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }]);
  certificate = { cert, key };
});

async function serve(listener: RequestListener): Promise<{ authority: string; connection: ClientHttp2Session }> {
  const compatible = listener as unknown as (req: Http2ServerRequest, res: Http2ServerResponse) => void;
  const server = createSecureServer(certificate, compatible).listen(0, '127.0.0.1');
  stack.defer(() => server.close());
  await once(server, 'listening');
  const authority = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connection = connectHttp2(`https://${authority}`, { rejectUnauthorized: false });
  stack.defer(() => connection.destroy());
  return { authority, connection };
}

const listeners: readonly (readonly [name: string, listener: () => RequestListener])[] = [
  [
    'node:http2',
    () => {
      const checkCsrf = nodeCsrf();
      return nodeSessions({ client })(async (req, res, session) => {
        await checkCsrf(req, session);
        res.end(await csrfToken(await session()));
      });
    },
  ],
  [
    'Koa',
    () => {
      const app = new Koa();
      app.silent = true;
      app.use(koaSessions({ client })).use(koaCsrf());
      app.use(async (ctx) => {
        ctx.body = await csrfToken(await ctx.session());
      });
      const listener = app.callback();
      return (req, res) => void listener(req, res);
    },
  ],
];

test('A response that is cut off, because its session cannot be saved, does not look complete', async () => {
  const listener = nodeSessions({ client })(async (_req, res, session) => {
    const own = await session();
    await own.csrfToken();
    res.write('begun');
    await (await client.open(own.token)).invalidate();
    own.set('note', 'late');
    res.end('ended');
  });
  const { connection } = await serve(listener);
  const stream = connection.request({ ':path': '/' });
  await expect(text(stream)).rejects.toThrow('Stream closed with error code NGHTTP2_INTERNAL_ERROR');
});

test.each(listeners)('%s sets a Secure cookie, and compares Origin with :authority', async (_, listener) => {
  const { authority, connection } = await serve(listener());
  const send = async (headers: OutgoingHttpHeaders) => {
    const stream = connection.request(headers);
    const [answered] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status': number }];
    return { status: answered[':status'], cookies: answered['set-cookie'], body: await text(stream) };
  };

  const page = await send({ ':path': '/' });
  expect(page.cookies).toEqual([expect.stringMatching(/^__Host-session_sidecar=.*; Secure/)]);
  const cookie = page.cookies?.[0]?.split(';')[0] ?? '';
  const post = { ':method': 'POST', ':path': '/', cookie, 'x-csrf-token': page.body };
  expect((await send({ ...post, origin: `https://${authority}` })).status).toBe(200);
  expect((await send({ ...post, origin: 'https://evil.example' })).status).toBe(403);
});
