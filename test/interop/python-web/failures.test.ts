import { describe, expect } from '@jest/globals';
import { until } from '../../support/poll';
import { effectOf } from '../../support/web-stack';
import { csrfProofs } from './csrf-proofs';
import { frameworks, pythonTest, PythonServers } from './fixture';

/* What visitors of Python applications get when something fails. */

const python = new PythonServers(...frameworks);

describe.each(frameworks)('%s: a failure', (framework) => {
  pythonTest("of the application saves, and shows the application's own page", async () => {
    const browser = python.browser(framework);
    // uvicorn closes the connection once it has logged the error, so the next test must not use it.
    const response = await browser.fetch('/crash', { headers: { connection: 'close' } });
    expect([response.status, effectOf(response), await response.text()]).toEqual([500, 'set', 'crashed 1']);
    expect(await python.stored(browser)).toEqual({ visits: 1 });
    await until('the error in the log', () => python.log(framework).includes('RuntimeError: made up'));
  });

  pythonTest('after which a new visitor gets no session leaves none stored, if so configured', async () => {
    const browser = python.browser(framework, 'strict');
    const response = await browser.fetch('/crash-stored');
    expect([response.status, effectOf(response)]).toEqual([500, 'none']);
    const token = python.note();
    expect(token).toMatch(/^\S{60,}$/);
    expect((await python.client.open(token)).origin).toBe('not_found');
    // A session that was there before keeps what was written.
    const visitor = await python.visitor(framework, 'strict');
    expect((await visitor.fetch('/crash')).status).toBe(500);
    expect(await python.stored(visitor)).toEqual({ note: 'old', visits: 1 });
  });

  pythonTest('to save a session that has ended replaces the response, with its headers', async () => {
    const browser = await python.visitor(framework);
    const before = python.log(framework).length;
    const response = await browser.fetch('/ended', { redirect: 'manual' });
    expect([response.status, effectOf(response), response.headers.get('Location')]).toEqual([409, 'none', null]);
    expect(python.log(framework).slice(before)).not.toContain('SESSION_NOT_FOUND');
  });

  pythonTest('to save goes to the handler of the application, which finds the session', async () => {
    const browser = await python.visitor(framework, 'handled');
    const response = await browser.fetch('/ended', { redirect: 'manual' });
    expect([response.status, await response.text()]).toEqual([
      409,
      expect.stringMatching(/^SESSION_NOT_FOUND {.*'note': 'late'.*}$/),
    ]);
  });

  pythonTest('to save does not replace a response that reports a failure', async () => {
    const browser = await python.visitor(framework);
    const response = await browser.fetch('/ended-and-failed');
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('The first failure.')]);
  });

  pythonTest('to save a session that is too large does not withhold the token of an earlier regenerate()', async () => {
    const browser = await python.visitor(framework);
    const response = await browser.fetch('/too-large');
    expect([response.status, effectOf(response), response.headers.get('Cache-Control')]).toEqual([
      413,
      'set',
      'private',
    ]);
    expect(await python.stored(browser)).toEqual({ note: 'old' });
  });

  pythonTest('to encode what was changed inside a value is one of the application', async () => {
    const browser = await python.visitor(framework);
    const response = await browser.fetch('/not-json');
    expect([response.status, effectOf(response), await response.text()]).toEqual([500, 'none', 'crashed 2']);
    expect(await python.stored(browser)).toEqual({ note: 'old' });
    await until('the error in the log', () => python.log(framework).includes('TypeError: '));
  });
});

describe.each(frameworks)('%s without a sidecar', (framework) => {
  const cookie = `session_sidecar=${'a'.repeat(43)}.${'b'.repeat(24)}`;
  const visit = (path: string, configuration = 'down', headers: Record<string, string> = { cookie }) =>
    fetch(`${python.url(framework, configuration)}${path}`, { headers });

  pythonTest('serves pages that do not use the session, and visitors without one', async () => {
    expect((await visit('/untouched')).status).toBe(200);
    expect((await visit('/read', 'down', {})).status).toBe(200);
  });

  pythonTest('fails with 503 at the first use, asks to try again, and leaves the cookie alone', async () => {
    for (const path of ['/read', '/count', '/logout']) {
      const response = await visit(path);
      expect([response.status, response.headers.get('Retry-After'), effectOf(response)]).toEqual([503, '1', 'none']);
    }
  });

  pythonTest('fails with 503 when a new visitor writes', async () => {
    const response = await visit('/count', 'down', {});
    expect([response.status, response.headers.get('Retry-After'), effectOf(response)]).toEqual([503, '1', 'none']);
  });

  pythonTest('gives handlers of errors an empty session', async () => {
    const response = await visit('/read', 'down-handled');
    expect([response.status, await response.text()]).toEqual([503, 'UNAVAILABLE {}']);
  });

  pythonTest('serves an empty session that can only be read, if so configured', async () => {
    const response = await visit('/read', 'read-only');
    expect([response.status, await response.json(), response.headers.get('Vary')]).toEqual([200, {}, 'Cookie']);
    for (const path of ['/count', '/login', '/form']) {
      expect([path, (await visit(path, 'read-only')).status]).toEqual([path, 503]);
    }
  });
});

describe.each(frameworks)('%s: a visitor whose record is damaged', (framework) => {
  const damaged = async (configuration?: string) => {
    const browser = await python.visitor(framework, configuration);
    const [key] = await python.redis.admin.keys(`*${(await browser.cookie())!.slice(0, 20)}*`);
    await python.redis.admin.set(key!, 'rubbish');
    return browser;
  };

  pythonTest('can log out, and is a new one then', async () => {
    const browser = await damaged();
    const response = await browser.fetch('/logout');
    expect([response.status, await response.text(), effectOf(response)]).toEqual([200, 'done', 'delete']);
    expect(await (await browser.fetch('/read')).json()).toEqual({});
  });

  pythonTest('is not mistaken for a new one', async () => {
    const browser = await damaged();
    for (const path of ['/read', '/count', '/messages', '/login']) {
      const response = await browser.fetch(path, { redirect: 'manual' });
      expect([path, response.status, effectOf(response)]).toEqual([path, 500, 'none']);
    }
  });

  pythonTest('gets pages that do not use the session, and error pages that do', async () => {
    expect((await (await damaged()).fetch('/untouched')).status).toBe(200);
    const response = await (await damaged('handled')).fetch('/read');
    expect([response.status, await response.text()]).toEqual([500, 'INTERNAL {}']);
  });
});

describe.each(frameworks)('%s: a form', (framework) => {
  pythonTest.each(csrfProofs)('$name', async ({ status, headers, field, isOwn = true }) => {
    const browser = await python.visitor(framework);
    const token = await browser.text('/form');
    expect(token).not.toBe(await browser.text('/form'));
    const sender = isOwn ? browser : await python.visitor(framework);
    const response = await sender.fetch('/form', {
      method: 'POST',
      headers: headers?.(token, python.url(framework)) ?? {},
      ...(field && { body: new URLSearchParams({ csrf_token: field(token) }) }),
    });
    expect(response.status).toBe(status);
    expect(await python.stored(sender)).toEqual({ note: 'old', ...(status === 200 && { visits: 1 }) });
  });
});
