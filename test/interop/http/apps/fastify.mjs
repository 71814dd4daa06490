import { Readable } from 'node:stream';
import fastify from 'fastify';
import { sessions } from '@session-sidecar/client/fastify';
import { isReached, open, waitAt } from './gates.mjs';

const { SIDECAR_ADDRESS: address, TIMEOUT_MS } = process.env;
const app = fastify({ trustProxy: true });
await app.register(sessions, { address, timeoutMs: Number(TIMEOUT_MS) });
// Fastify's own shows the error's message.
app.setErrorHandler((error, _request, reply) => {
  reply.code(error.status ?? error.statusCode ?? 500).send('Please try again later.');
});

const write = async (request) => (await request.session()).set(request.query.key, request.query.value);

app.get('/plain', () => 'plain');
app.get('/get', async (request, reply) => {
  reply.type('application/json');
  return JSON.stringify((await request.session()).get(request.query.key) ?? null);
});
app.get('/set', async (request) => {
  await write(request);
  return 'set';
});
app.get('/add', async (request) => {
  await (await request.session()).transform(request.query.key, (list = []) => [...list, request.query.value]);
  return 'added';
});
app.get('/public', async (request, reply) => {
  await write(request);
  reply.header('Cache-Control', 'public, max-age=60').header('Set-Cookie', 'theme=dark');
  return 'public';
});
app.get('/cached', async (request, reply) => {
  await write(request);
  return reply.header('ETag', '"1"').code(304).send();
});
app.get('/flash', async (request, reply) => {
  (await request.session()).flash(request.query.message);
  return reply.redirect('/messages', 303);
});
app.get('/messages', async (request) => (await request.session()).popFlash());
app.get('/login', async (request) => {
  const session = await request.session();
  session.set('user', request.query.user);
  session.setLabel(request.query.label);
  await session.regenerate();
  return 'in';
});
app.get('/logout', async (request) => {
  await (await request.session()).invalidate();
  return 'out';
});
// Fastify has no exception that is a response.
app.get('/redirect', async (request, reply) => {
  await write(request);
  return reply.redirect('/plain', 303);
});
app.get('/missing', async (request) => {
  await write(request);
  throw Object.assign(new Error('missing'), { statusCode: 404 });
});
app.get('/fail', async (request) => {
  await write(request);
  throw new Error('made up');
});
app.get('/stream', async (request, reply) => {
  await write(request);
  async function* pieces() {
    yield 'first ';
    await waitAt(request.query.gate);
    yield 'second';
  }
  return reply.send(Readable.from(pieces(), { objectMode: false }));
});
app.get('/slow', async (request) => {
  await write(request);
  await waitAt(request.query.gate);
  return 'slow';
});
app.get('/reached', (request, reply) => reply.send(String(isReached(request.query.gate))));
app.get('/open', (request) => {
  open(request.query.gate);
  return 'open';
});

console.log(await app.listen({ port: 0, host: '127.0.0.1' }));
