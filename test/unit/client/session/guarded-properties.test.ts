import { expect, test } from '@jest/globals';
import { SessionClient } from '@session-sidecar/client';
import { stackForAllTests } from '../../../support/stack';

const client = stackForAllTests().use(new SessionClient({ address: '127.0.0.1:1' }));

test('A session refuses properties, which would be lost, and names what to use', () => {
  const session = client.create();
  expect(() => Object.assign(session, { user: 'Ada' })).toThrow(
    new TypeError(
      'Expected `set("user", …)`: a session keeps what its methods write, not what is done to its properties',
    ),
  );
  expect('user' in session).toBe(false);
});

test('It is an ordinary object otherwise', async () => {
  const session = client.create();
  const members = session as unknown as Record<string, unknown>;
  expect([members['then'], members['user'], String(session as unknown)]).toEqual([
    undefined,
    undefined,
    '[object Object]',
  ]);
  expect(await Promise.resolve(session)).toBe(session);
  expect(session instanceof Object).toBe(true);
});
