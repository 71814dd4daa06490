import { expect, test } from '@jest/globals';
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

test('Every method either reads or is refused', () => {
  const reads = ['get', 'has', 'keys', 'values', 'entries', 'toObject', 'peekFlash', 'popFlash'];
  const prototype = Object.getPrototypeOf(client.create()) as object;
  const methods = Object.entries(Object.getOwnPropertyDescriptors(prototype))
    .filter(([name, { value }]) => typeof value === 'function' && name !== 'constructor')
    .map(([name]) => name);
  const refused = methods.filter((name) => !reads.includes(name));
  const tested = ['set', 'setDefault', 'update', 'delete', 'pop', 'popItem', 'clear', 'changed', 'flash'];
  const calls = ['csrfToken', 'newCsrfToken', 'invalidate', 'regenerate', 'reload', 'transform', 'save'];
  expect(refused.sort()).toEqual([...tested, ...calls, 'setIdleTimeout', 'setSubject', 'checkCsrfToken'].sort());
});
