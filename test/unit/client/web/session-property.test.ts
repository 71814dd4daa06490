import { inspect } from 'node:util';
import { expect, test } from '@jest/globals';
import { defineSession, hasSession } from '../../../../client/src/web/session-property';

test('Each request has its own session', () => {
  const [first, second] = [{}, {}];
  defineSession(first, { session: 'one' });
  defineSession(second, { session: 'two' });
  expect(first).toHaveProperty('session', 'one');
  expect(second).toHaveProperty('session', 'two');
});

test('It is known which requests have one', () => {
  const request = {};
  expect(hasSession(request)).toBe(false);
  defineSession(request, { session: 'one' });
  expect(hasSession(request)).toBe(true);
});

test('All requests share one getter, so that they stay fast', () => {
  const getters = [{}, {}].map((request) => {
    defineSession(request, { session: 'one' });
    return Object.getOwnPropertyDescriptor(request, 'session')?.get;
  });
  expect(getters[0]).toBeDefined();
  expect(getters[1]).toBe(getters[0]);
});

test('A log of a request shows nothing of the session', () => {
  const request = {};
  defineSession(request, { session: { token: 'secret' } });
  expect(inspect(request, { depth: null })).not.toContain('secret');
});
