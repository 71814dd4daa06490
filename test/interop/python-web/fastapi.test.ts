import { once } from 'node:events';
import { expect } from '@jest/globals';
import { WebSocket } from 'ws';
import type { Browser } from '../../support/browser';
import { until } from '../../support/poll';
import { countRpcs } from '../../support/sidecar';
import { pythonTest, PythonServers } from './fixture';

/* What users of FastAPI and Starlette expect of a session. */

const python = new PythonServers('fastapi');

pythonTest('a background task can write, and is saved', async () => {
  const browser = python.browser('fastapi');
  expect(await browser.text('/background')).toBe('1');
  await until('the task', async () => (await python.stored(browser))?.['done' as 'note']);
  expect(await python.stored(browser)).toEqual({ visits: 1, done: true });
});

pythonTest('tasks of one request share its session, which is loaded once', async () => {
  const browser = await python.visitor('fastapi');
  const before = await countRpcs(python.sidecar);
  expect(await browser.text('/at-once')).toBe('1');
  const { GetSession } = await countRpcs(python.sidecar);
  expect(GetSession).toBe(before['GetSession']! + 1);
});

pythonTest('`request.session` is the loaded session, and says what to do before that', async () => {
  const browser = await python.visitor('fastapi');
  expect(await (await browser.fetch('/request-session')).json()).toEqual({ note: 'new' });
  expect(await python.stored(browser)).toEqual({ note: 'new' });
  expect(await browser.text('/not-loaded')).toContain('await load_session(request)');
});

/** Opens a WebSocket with a browser's cookie. */
async function connect(browser: Browser, configuration = 'plain', headers: Record<string, string> = {}) {
  const url = `${python.url('fastapi', configuration).replace('http', 'ws')}/socket`;
  const cookie = `session_sidecar=${await browser.cookie()}`;
  return new WebSocket(url, { headers: { cookie, ...headers } });
}

pythonTest('a WebSocket reads the session, and saves it by an explicit save()', async () => {
  const browser = await python.visitor('fastapi');
  const socket = await connect(browser);
  await once(socket, 'open');
  socket.send('Hello');
  const [answer] = (await once(socket, 'message')) as [Buffer];
  expect(JSON.parse(answer.toString())).toEqual({ note: 'old', said: 'Hello' });
  expect(await python.stored(browser)).toEqual({ note: 'old', said: 'Hello' });
  socket.close();
});

pythonTest.each([
  ['by a page of another origin', 'plain', { Origin: 'https://evil.example' }, 403],
  ['by a page of a trusted origin', 'plain', { Origin: 'https://trusted.example' }, 101],
  ['without a sidecar', 'down', {}, 503],
])('a WebSocket that is opened %s is answered as it should', async (_how, configuration, headers, status) => {
  const socket = await connect(await python.visitor('fastapi'), configuration, headers);
  const answer = new Promise<unknown>((resolve) => {
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode));
    socket.on('open', () => resolve(101));
    socket.on('error', () => undefined);
  });
  expect(await answer).toBe(status);
  socket.terminate();
});
