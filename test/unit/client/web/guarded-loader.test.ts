import { expect, test } from '@jest/globals';
import { guardedLoader } from '../../../../client/src/web/guarded-loader';

test('It is the function', async () => {
  const load = guardedLoader(function (this: unknown, ...args: number[]) {
    return Promise.resolve([this, ...args]);
  });
  expect(await load.call('request', 1, 2)).toEqual(['request', 1, 2]);
  expect([typeof load, load.length, await Promise.resolve(load)]).toEqual(['function', 0, load]);
});

test.each(['get', 'set', 'save', 'size', 'destroy', 'cookie', 'id'])('It has no %s', (name) => {
  const load = guardedLoader(() => Promise.resolve()) as unknown as Record<string, unknown>;
  expect(() => load[name]).toThrow(`\`${name}\` to be used on the loaded session`);
});

test('Nothing can be kept in it', () => {
  expect(() =>
    Object.assign(
      guardedLoader(() => 1),
      { user: 'Ada' },
    ),
  ).toThrow(TypeError);
});
