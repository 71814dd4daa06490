import { expect, test } from '@jest/globals';
import { SessionError } from '@session-sidecar/client';
import { CsrfError } from '../../../../client/src/web/csrf';
import { failureOf, hasStatus } from '../../../../client/src/web/failure';

const csrfError = new CsrfError('CSRF_TOKEN_INVALID', 'The request has no CSRF token.');
const sessionError = new SessionError('STORE_UNAVAILABLE', 'redis-7 is down');

test.each<[string, unknown, status: number, text: string]>([
  ['a CsrfError, which says what is wrong', csrfError, 403, 'The request has no CSRF token.'],
  ['a SessionError, without its message', sessionError, 503, 'Service Unavailable'],
  ['any other error, without its message', new Error('secret'), 500, 'Internal Server Error'],
  ['what is no error', 'secret', 500, 'Internal Server Error'],
])('The response to %s', (_, error, status, text) => {
  expect(failureOf(error)).toEqual({ status, text });
  expect(hasStatus(error)).toBe(status !== 500);
});
