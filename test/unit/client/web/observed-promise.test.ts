import { expect, test } from '@jest/globals';
import { ObservedPromise } from '../../../../client/src/web/observed-promise';

test('It knows whether anything waits for it', async () => {
  const [one, other, third] = [1, 2, 3].map((value) => ObservedPromise.of(Promise.resolve(value)));
  expect([await one, await Promise.all([other!]), third!.isObserved]).toEqual([1, [2], false]);
  expect([one!.isObserved, other!.isObserved, third!.isObserved]).toEqual([true, true, false]);
});

test('It is a promise, and what is derived from it is an ordinary one', async () => {
  const promise = ObservedPromise.of(Promise.resolve(1));
  expect(promise).toBeInstanceOf(Promise);
  const derived = promise.finally(() => {});
  expect(derived).not.toBeInstanceOf(ObservedPromise);
  expect(await derived).toBe(1);
});

test('Its rejection is not an unhandled one', async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  try {
    const promise = ObservedPromise.of(Promise.reject(new Error('made up')));
    await new Promise(setImmediate);
    expect(unhandled).toEqual([]);
    await expect(promise).rejects.toThrow('made up');
  } finally {
    process.off('unhandledRejection', note);
  }
});
