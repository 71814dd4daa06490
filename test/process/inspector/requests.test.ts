import { beforeAll, describe, expect, test } from '@jest/globals';
import type { ServingProcess } from '../../support/process';
import { stackForAllTests } from '../../support/stack';
import { ask, askJson, form, inspected } from './fixture';

const stack = stackForAllTests();
let sidecar: ServingProcess;

beforeAll(async () => {
  sidecar = await stack.process({ settings: { ...inspected, INSPECTOR_HOSTS: 'Inspector.example.com,ops' } });
});

const levelOf = async () => (await askJson<{ level: string }>(sidecar, '/log-level')).level;

describe('a request to the inspector', () => {
  test.each(['/', '/inspector.css', '/refresh.js', '/stats.json', '/config', '/ready', '/version', '/log-level'])(
    'for %s is answered with headers that leave browsers no freedom',
    async (path) => {
      const { status, headers } = await ask(sidecar, path);
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        'content-security-policy': expect.stringMatching(/^default-src 'none'; .*frame-ancestors 'none'$/),
        'x-content-type-options': 'nosniff',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
        connection: 'close',
      });
      expect(headers['content-security-policy']).not.toMatch(/unsafe|\*/);
      expect(headers).not.toHaveProperty('access-control-allow-origin');
      const head = await ask(sidecar, path, { method: 'HEAD' });
      expect({ status: head.status, body: head.body }).toEqual({ status: 200, body: '' });
    },
  );

  test.each(['localhost', 'localhost:1', '127.0.0.1', '[::1]:9465', '192.0.2.7', 'inspector.example.com:80', 'OPS'])(
    'that names the host %s is answered',
    async (host) => {
      expect((await ask(sidecar, '/config', { headers: { host } })).status).toBe(200);
    },
  );

  test.each(['evil.example', 'evil.example:9465', '127.0.0.1.evil.example', 'localhost.evil.example', '127.1', 'a@b'])(
    'that names the host "%s" is refused, as after DNS rebinding',
    async (host) => {
      for (const path of ['/', '/config', '/log-level', '/nowhere']) {
        const { status, body } = await ask(sidecar, path, { headers: { host } });
        expect(status).toBe(421);
        expect(body).not.toContain('SIGNING_KEYS');
      }
      const put = { method: 'PUT', ...form({ level: 'error' }, { host }) };
      expect((await ask(sidecar, '/log-level', put)).status).toBe(421);
      expect(await levelOf()).toBe('info');
    },
  );

  test.each([
    ['a page of another site', { 'sec-fetch-site': 'cross-site' }],
    ['a page of the same site on another port', { 'sec-fetch-site': 'same-site' }],
    ['another origin', { origin: 'http://evil.example' }],
    ['another port of this host', { origin: 'http://127.0.0.1:1' }],
    ['a sandboxed frame', { origin: 'null' }],
  ])('that %s sends changes nothing', async (_, headers) => {
    for (const method of ['PUT', 'POST']) {
      const { status } = await ask(sidecar, '/log-level', { method, ...form({ level: 'error' }, headers) });
      expect(status).toBe(403);
    }
    expect(await levelOf()).toBe('info');
  });

  test('of its own page may change the level', async () => {
    const { origin } = new URL(sidecar.serving.inspector!);
    for (const headers of [{ origin }, { 'sec-fetch-site': 'same-origin', origin }]) {
      const posted = await ask(sidecar, '/log-level', { method: 'POST', ...form({ level: 'info' }, headers) });
      expect({ status: posted.status, location: posted.headers.location }).toEqual({ status: 303, location: './' });
    }
  });

  test.each([
    ['an unknown path', '/nowhere', {}, 404, /^Not found\. The inspector serves \/ /],
    [
      'a subject, if that is not allowed',
      '/sessions',
      { method: 'POST', ...form({ subject: 'ada' }) },
      404,
      /^Not found/,
    ],
    ['a path of Object.prototype', '/constructor', {}, 404, /^Not found/],
    ['another method', '/config', { method: 'DELETE' }, 405, /^Method not allowed/],
    ['a method of Object.prototype', '/config', { method: 'PROPFIND' }, 405, /^Method not allowed/],
    ['an unknown level', '/log-level', form({ level: '<b>' }), 400, /^level: Expected error, warn, info or debug\.\n$/],
    ['no level', '/log-level', form({}), 400, /^level: /],
    [
      'a time without unit',
      '/log-level',
      form({ level: 'debug', for: '10' }),
      400,
      /^for: Expected a duration from 1s to 24h/,
    ],
    ['a time that is too long', '/log-level', form({ level: 'debug', for: '25h' }), 400, /^for: Expected a duration/],
    ['a long body', '/log-level', form({ level: 'x'.repeat(2_000) }), 413, /^Expected a form of at most 1024 bytes/],
    [
      'another type',
      '/log-level',
      form({ level: 'debug' }, { 'content-type': 'text/plain' }),
      415,
      /^Expected Content-Type/,
    ],
    [
      'no length',
      '/log-level',
      { body: 'level=debug', headers: { 'transfer-encoding': 'chunked' } },
      411,
      /^Expected a form/,
    ],
  ])('with %s is refused, and says why', async (_, path, asked, status, message) => {
    const method = path === '/log-level' ? 'PUT' : 'GET';
    const answer = await ask(sidecar, path, { method, ...asked });
    expect(answer.status).toBe(status);
    expect(answer.body).toMatch(message);
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(await levelOf()).toBe('info');
  });
});
