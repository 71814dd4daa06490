import { inspect } from 'node:util';
import { expect, test } from '@jest/globals';
import { defineSession, hasSession } from '../../../../client/src/web/session-property';

/** What has the session of a request. */
const holderOf = (session: unknown) => ({ session, load: () => Promise.resolve(session) });

test('Each request has its own session', () => {
  const [first, second] = [{}, {}];
  defineSession(first, holderOf('one'));
  defineSession(second, holderOf('two'));
  expect(first).toHaveProperty('session', 'one');
  expect(second).toHaveProperty('session', 'two');
});

test('It is known which requests have one', () => {
  const request = {};
  expect(hasSession(request)).toBe(false);
  defineSession(request, holderOf('one'));
  expect(hasSession(request)).toBe(true);
});

test('All requests share one getter, so that they stay fast', () => {
  const getters = [{}, {}].map((request) => {
    defineSession(request, holderOf('one'));
    return Object.getOwnPropertyDescriptor(request, 'session')?.get;
  });
  expect(getters[0]).toBeDefined();
  expect(getters[1]).toBe(getters[0]);
});

test('A log of a request shows nothing of the session', () => {
  const request = {};
  defineSession(request, holderOf({ token: 'secret' }));
  expect(inspect(request, { depth: null })).not.toContain('secret');
});

test('A session that is assigned, which other libraries take for a logout, is refused with what to use instead', () => {
  const request = {};
  defineSession(request, holderOf('one'));
  expect(() => Object.assign(request, { session: null })).toThrow('req.session.destroy()');
  expect(request).toHaveProperty('session', 'one');
});

test('The id of the session, and what loads it, are found beside it', async () => {
  const request: { sessionID?: string; sessions?: { load(): Promise<unknown>; current(): unknown } } = {};
  expect(request.sessionID).toBeUndefined();
  const session = { id: 'handle' };
  defineSession(request, holderOf(session));
  expect(request.sessionID).toBe('handle');
  expect([await request.sessions!.load(), request.sessions!.current()]).toEqual([session, session]);
});
