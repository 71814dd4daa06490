import { expect, test } from '@jest/globals';
import {
  replyNotModified,
  replyResults,
  replySession,
  replyTime,
  replyToken,
} from '../../../../client/src/session/replies';
import type { LoadedSession } from '../../../../client/src/transport/own-reply';

const wrong = new Date(NaN);
const session = { created: new Date(0), expires: undefined } as LoadedSession;

test('a whole reply is returned as it is', () => {
  expect(replySession({ session })).toBe(session);
  expect(replyToken({ token: 't' })).toBe('t');
  expect(replyTime(undefined)).toBeUndefined();
  expect(replyResults([], 0)).toEqual([]);
});

test.each([
  ['it has no session', () => replySession({ session: undefined })],
  ['a time is out of range', () => replySession({ session: { ...session, created: wrong } })],
  ['a time is out of range', () => replySession({ session: { ...session, expires: wrong } })],
  ['it does not say that nothing was modified', () => replyNotModified({ notModified: undefined })],
  ['a time is out of range', () => replyNotModified({ notModified: { accessed: undefined, expires: wrong } })],
  ['it has no token', () => replyToken({ token: '' })],
  ['it has 0 results for 2 mutations', () => replyResults([], 2)],
])('a reply is INTERNAL when %s', (how, read) => {
  expect(read).toThrow(expect.objectContaining({ code: 'INTERNAL', message: expect.stringContaining(how) }));
});
