import { expect, test } from '@jest/globals';
import { SessionClient } from '../../../../client/src';

test.each<[string, unknown, RegExp]>([
  ['no object', true, /`cache` to be an object with `maxBytes`, got `true`/],
  ['no size', {}, /`cache.maxBytes` to be a number of bytes from 1 up, got `undefined`/],
  ['a size of nothing', { maxBytes: 0 }, /`cache.maxBytes`/],
  ['a text', { maxBytes: '16MiB' }, /got `16MiB` \(string\)/],
  ['no end', { maxBytes: Infinity }, /got `Infinity`/],
])('options with %s are refused', (_, cache, message) => {
  expect(() => new SessionClient({ address: 'localhost:1', cache: cache as never })).toThrow(message);
});
