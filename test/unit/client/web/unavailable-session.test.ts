import { describe, expect, test } from '@jest/globals';
import { SessionClient } from '@session-sidecar/client';
import { unavailableSession } from '../../../../client/src/web/unavailable-session';
import { stackForAllTests } from '../../../support/stack';

const client = stackForAllTests().use(new SessionClient({ address: '127.0.0.1:1' }));
const error = new Error('made up');
const session = unavailableSession(client.create(), error);

test('It reads as an empty session', async () => {
  expect(session.get('note', 'none')).toBe('none');
  expect([session.size, session.token, session.isNew, session.state]).toEqual([0, undefined, true, 'new']);
  expect([[...session], [...session.keys()], session.toObject()]).toEqual([[], [], {}]);
  expect(await session.popFlash()).toEqual([]);
});

test.each<[string, () => unknown]>([
  ['set', () => session.set('note', 'new')],
  ['setDefault', () => session.setDefault('note', 'new')],
  ['update', () => session.update({ note: 'new' })],
  ['delete', () => session.delete('note')],
  ['pop', () => session.pop('note')],
  ['popItem', () => session.popItem()],
  ['clear', () => session.clear()],
  ['changed', () => session.changed()],
  ['flash', () => session.flash('Hello')],
  ['setIdleTimeout', () => session.setIdleTimeout('never')],
  ['setSubject', () => session.setSubject('Ada')],
  ['checkCsrfToken', () => session.checkCsrfToken('token')],
])('%s() throws the error', (_, write) => {
  expect(write).toThrow(error);
  expect(session.hasChanges).toBe(false);
});

test.each<[string, () => Promise<unknown>]>([
  ['csrfToken', () => session.csrfToken()],
  ['newCsrfToken', () => session.newCsrfToken()],
  ['invalidate', () => session.invalidate()],
  ['regenerate', () => session.regenerate()],
  ['reload', () => session.reload()],
  ['transform', () => session.transform('note', () => 'new')],
  ['save', () => session.save()],
])('%s() rejects with the error', async (_, call) => {
  await expect(call()).rejects.toBe(error);
});

describe('Until the error is reported', () => {
  const unreported = () => {
    const calls: unknown[] = [];
    const end = (options?: unknown) => Promise.resolve(void calls.push(options));
    return { session: unavailableSession(client.create(), error, { isReported: false, end }), calls };
  };

  test.each<[string, (own: typeof session) => unknown]>([
    ['get', (own) => own.get('note')],
    ['has', (own) => own.has('note')],
    ['keys', (own) => own.keys()],
    ['values', (own) => own.values()],
    ['entries', (own) => own.entries()],
    ['iteration', (own) => [...own]],
    ['toObject', (own) => own.toObject()],
    ['size', (own) => own.size],
    ['isNew', (own) => own.isNew],
    ['origin', (own) => own.origin],
    ['state', (own) => own.state],
    ['subject', (own) => own.subject],
    ['set', (own) => own.set('note', 'new')],
  ])('%s throws it, once', (_, use) => {
    const own = unreported().session;
    expect(() => use(own)).toThrow(error);
    expect([own.size, own.get('note'), own.isNew]).toEqual([0, undefined, true]);
  });

  test.each<[string, (own: typeof session) => Promise<unknown>]>([
    ['peekFlash', (own) => own.peekFlash()],
    ['popFlash', (own) => own.popFlash()],
    ['save', (own) => own.save()],
  ])('%s() rejects with it, once', async (_, use) => {
    const own = unreported().session;
    await expect(use(own)).rejects.toBe(error);
    expect(await own.popFlash()).toEqual([]);
  });

  test('what is for logs can be read, and it can be awaited', async () => {
    const own = await Promise.resolve(unreported().session);
    expect([own.token, own.handle, own.created, own.expires, own.version]).toEqual([
      ...[undefined, undefined, undefined, undefined, 0],
    ]);
    expect(() => own.size).toThrow(error);
  });

  test('a failure to end it is a use of it', async () => {
    const failure = new Error('no answer');
    const own = unavailableSession(client.create(), error, { isReported: false, end: () => Promise.reject(failure) });
    await expect(own.invalidate()).rejects.toBe(failure);
    expect([own.size, own.get('note')]).toEqual([0, undefined]);
    expect(() => own.set('note', 'new')).toThrow(error);
  });

  test('it can be ended, and is an ordinary new session then', async () => {
    const { session: own, calls } = unreported();
    await own.invalidate({ timeoutMs: 7 });
    own.set('note', 'new');
    expect([calls, own.get('note'), own.hasChanges]).toEqual([[{ timeoutMs: 7 }], 'new', true]);
  });
});

test('Every method either reads or is refused', () => {
  const reads = ['get', 'has', 'keys', 'values', 'entries', 'toObject', 'peekFlash', 'popFlash'];
  const prototype = Object.getPrototypeOf(client.create()) as object;
  const methods = Object.entries(Object.getOwnPropertyDescriptors(prototype))
    .filter(([name, { value }]) => typeof value === 'function' && name !== 'constructor')
    .map(([name]) => name);
  const refused = methods.filter((name) => !reads.includes(name));
  const tested = ['set', 'setDefault', 'update', 'delete', 'pop', 'popItem', 'clear', 'changed', 'flash'];
  const calls = ['csrfToken', 'newCsrfToken', 'invalidate', 'regenerate', 'reload', 'transform', 'save'];
  expect(refused.sort()).toEqual(
    [...tested, ...calls, 'setIdleTimeout', 'setLabel', 'setSubject', 'checkCsrfToken'].sort(),
  );
});
