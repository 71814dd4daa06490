import { Readable } from 'node:stream';
import express from 'express';
import { sessions } from '@session-sidecar/client/express';
import { isReached, open, waitAt } from './gates.mjs';

const { SIDECAR_ADDRESS: address, TIMEOUT_MS } = process.env;
const app = express();
app.set('trust proxy', true);
app.use(sessions({ address, timeoutMs: Number(TIMEOUT_MS) }));

const write = ({ session, query }) => session.set(query.key, query.value);

app.get('/plain', (_req, res) => void res.send('plain'));
app.get('/get', (req, res) => void res.json(req.session.get(req.query.key) ?? null));
app.get('/set', (req, res) => {
  write(req);
  res.send('set');
});
app.get('/add', async (req, res) => {
  await req.session.transform(req.query.key, (list = []) => [...list, req.query.value]);
  res.send('added');
});
app.get('/public', (req, res) => {
  write(req);
  res.set('Cache-Control', 'public, max-age=60').cookie('theme', 'dark').send('public');
});
app.get('/cached', (req, res) => {
  write(req);
  res.set('ETag', '"1"').status(304).end();
});
app.get('/flash', (req, res) => {
  req.session.flash(req.query.message);
  res.redirect(303, '/messages');
});
app.get('/messages', async (req, res) => void res.json(await req.session.popFlash()));
app.get('/login', async (req, res) => {
  req.session.set('user', req.query.user);
  req.session.setLabel(req.query.label);
  await req.session.regenerate();
  res.send('in');
});
app.get('/logout', async (req, res) => {
  await req.session.invalidate();
  res.send('out');
});
// Express has no exception that is a response.
app.get('/redirect', (req, res) => {
  write(req);
  res.redirect(303, '/plain');
});
app.get('/missing', (req, res) => {
  write(req);
  res.status(404).send('missing');
});
app.get('/fail', (req) => {
  write(req);
  throw new Error('made up');
});
app.get('/stream', (req, res) => {
  write(req);
  async function* pieces() {
    yield 'first ';
    await waitAt(req.query.gate);
    yield 'second';
  }
  Readable.from(pieces()).pipe(res);
});
app.get('/slow', async (req, res) => {
  write(req);
  await waitAt(req.query.gate);
  res.send('slow');
});
app.get('/reached', (req, res) => void res.json(isReached(req.query.gate)));
app.get('/open', (req, res) => {
  open(req.query.gate);
  res.send('open');
});

const server = app.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
