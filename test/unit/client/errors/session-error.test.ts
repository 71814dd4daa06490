import { expect, jest, test } from '@jest/globals';
import type * as SessionErrorModule from '../../../../client/src/errors/session-error';
import { errorFacts, isErrorCode, SessionError } from '../../../../client/src/errors/session-error';

test('a message begins with the code and ends with advice', () => {
  const error = new SessionError('STORE_FULL', 'The session store is full.');
  expect(error.message).toBe('STORE_FULL: The session store is full. Give the store more memory.');
  expect(error).toMatchObject({ name: 'SessionError', status: 503, metadata: {}, violations: [] });
});

test('SessionError.is() recognises errors of another copy of the package, and nothing else', () => {
  jest.isolateModules(() => {
    const other = jest.requireActual<typeof SessionErrorModule>('../../../../client/src/errors/session-error');
    expect(other.SessionError).not.toBe(SessionError);
    expect(SessionError.is(new other.SessionError('UNKNOWN', ''))).toBe(true);
  });
  for (const value of [new Error('SessionError'), { code: 'UNKNOWN' }, null, undefined, 'UNKNOWN'])
    expect(SessionError.is(value)).toBe(false);
});

test('isErrorCode() knows every code and no property that objects inherit', () => {
  expect(Object.keys(errorFacts).every(isErrorCode)).toBe(true);
  expect(['', 'toString', 'session_not_found'].some(isErrorCode)).toBe(false);
});
