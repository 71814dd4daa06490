import { describe, expect, test } from '@jest/globals';
import { checkCsrf, CsrfError, resolveCsrf } from '../../../../client/src/web/csrf';

interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

const session = () => ({ checkCsrfToken: (token: string | undefined) => token === 'right' });
const notAsked = () => {
  throw new Error('asked');
};

const check = ({ method = 'POST', headers = {}, body }: Sent) =>
  checkCsrf(resolveCsrf(), { method, headers: new Headers(headers), host: 'shop.example', body: () => body, session });

describe('checkCsrf()', () => {
  test.each(['GET', 'HEAD', 'OPTIONS', 'TRACE'])('accepts %s without a token, and asks nothing', async (method) => {
    const headers = new Headers({ 'Sec-Fetch-Site': 'cross-site' });
    await checkCsrf(resolveCsrf(), { method, headers, host: 'shop.example', body: notAsked, session: notAsked });
  });

  const form = new FormData();
  form.set('csrf_token', 'right');

  test.each<[string, Sent]>([
    ['the header', { headers: { 'x-csrf-token': 'right' } }],
    ['the form field', { body: { csrf_token: 'right' } }],
    ['the form field beside an empty header', { headers: { 'x-csrf-token': '' }, body: { csrf_token: 'right' } }],
    ['the query of a body', { body: new URLSearchParams('csrf_token=right') }],
    ['form data', { body: form }],
    ['a body that is decoded later', { body: Promise.resolve({ csrf_token: 'right' }) }],
  ])('accepts the token in %s', async (_where, sent) => {
    await check(sent);
  });

  test('does not decode the body if the header has the token', async () => {
    const headers = new Headers({ 'X-CSRF-Token': 'right' });
    await checkCsrf(resolveCsrf(), { method: 'POST', headers, host: 'shop.example', body: notAsked, session });
  });

  test.each<[string, Sent]>([
    ['without a token', {}],
    ['with another token', { headers: { 'x-csrf-token': 'wrong' } }],
    [
      'whose header is wrong and whose field is right',
      { headers: { 'x-csrf-token': 'wrong' }, body: { csrf_token: 'right' } },
    ],
    ['whose field is no text', { body: { csrf_token: ['right'] } }],
    ['whose body is a text', { body: 'csrf_token=right' }],
    ['whose body is null', { body: null }],
    ['of an unknown method', { method: 'PURGE' }],
    ['of a method in small letters', { method: 'get' }],
  ])('rejects a request %s', async (_what, sent) => {
    await expect(check(sent)).rejects.toMatchObject({ code: 'CSRF_TOKEN_INVALID', status: 403 });
    await expect(check(sent)).rejects.toThrow(CsrfError);
  });

  test('rejects a request without a method', async () => {
    const request = { method: undefined, headers: new Headers(), host: undefined, body: () => undefined, session };
    await expect(checkCsrf(resolveCsrf(), request)).rejects.toThrow(CsrfError);
  });

  test('loads no session for a request without a token, or of another origin', async () => {
    const request = { method: 'POST', host: 'shop.example', body: () => undefined, session: notAsked };
    await expect(checkCsrf(resolveCsrf(), { ...request, headers: new Headers() })).rejects.toMatchObject({
      code: 'CSRF_TOKEN_INVALID',
      message: 'The request has no CSRF token. Send it as the header X-CSRF-Token or the form field csrf_token.',
    });
    const headers = new Headers({ Origin: 'http://evil.example', 'X-CSRF-Token': 'right' });
    await expect(checkCsrf(resolveCsrf(), { ...request, headers })).rejects.toMatchObject({
      code: 'CSRF_ORIGIN_UNTRUSTED',
      message: 'The request comes from a page of another origin: Origin is "http://evil.example".',
    });
  });

  test('passes on why the session could not be loaded', async () => {
    const error = new Error('made up');
    const headers = new Headers({ 'X-CSRF-Token': 'right' });
    const request = { method: 'POST', headers, host: 'shop.example', body: notAsked };
    await expect(checkCsrf(resolveCsrf(), { ...request, session: () => Promise.reject(error) })).rejects.toBe(error);
  });

  test('refuses options that are no origins', () => {
    expect(() => resolveCsrf({ trustedOrigins: ['shop.example'] })).toThrow(TypeError);
  });
});
