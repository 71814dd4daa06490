import { describe, expect, test } from '@jest/globals';
import { assertCsrfToken, CsrfError } from '../../../../client/src/web/csrf';

const session = () => ({ checkCsrfToken: (token: string | undefined) => token === 'right' });

describe('assertCsrfToken()', () => {
  test.each(['GET', 'HEAD', 'OPTIONS', 'TRACE'])(
    'accepts %s without a token, and does not ask the session',
    (method) => {
      const noSession = () => {
        throw new Error('asked');
      };
      assertCsrfToken(noSession, { method, headers: {} });
    },
  );

  test.each([
    ['the header', { headers: { 'x-csrf-token': 'right' } }],
    ['the form field', { headers: {}, body: { csrf_token: 'right' } }],
    ['the form field beside an empty header', { headers: { 'x-csrf-token': '' }, body: { csrf_token: 'right' } }],
  ])('accepts the token in %s', (_where, request) => {
    assertCsrfToken(session, { method: 'POST', ...request });
  });

  test.each([
    ['without a token', { headers: {} }],
    ['with another token', { headers: { 'x-csrf-token': 'wrong' } }],
    [
      'whose header is wrong and whose field is right',
      { headers: { 'x-csrf-token': 'wrong' }, body: { csrf_token: 'right' } },
    ],
    ['whose field is no text', { headers: {}, body: { csrf_token: ['right'] } }],
    ['whose body is a text', { headers: {}, body: 'csrf_token=right' }],
  ])('rejects a request %s', (_what, request) => {
    expect(() => assertCsrfToken(session, { method: 'POST', ...request })).toThrow(CsrfError);
  });

  test('rejects a method that it does not know', () => {
    expect(() => assertCsrfToken(session, { method: 'PURGE', headers: {} })).toThrow(CsrfError);
    expect(() => assertCsrfToken(session, { headers: {} })).toThrow(CsrfError);
  });
});
