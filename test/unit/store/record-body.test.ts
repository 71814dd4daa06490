import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeBody, encodeBody } from '../../../server/src/store/record-body';

const name = fc.string({ unit: 'grapheme', maxLength: 20 });
const value = fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes));
const data = fc.array(fc.tuple(name, value)).map((entries) => new Map(entries));
const flash = fc
  .array(fc.tuple(name, fc.array(value, { minLength: 1, maxLength: 3 })))
  .map((entries) => new Map(entries));
const attributes = fc
  .array(fc.tuple(name, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })), { maxLength: 3 })
  .map((entries) => new Map(entries));

describe('a body', () => {
  test('is decoded to what was encoded, with the size of its content', () => {
    fc.assert(
      fc.property(data, flash, attributes, (data, flash, attributes) => {
        const bytes =
          [...data].reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + value.length, 0) +
          [...flash].reduce(
            (sum, [queue, messages]) =>
              messages.reduce((all, message) => all + Buffer.byteLength(queue) + message.length, sum),
            0,
          );
        const encoded = encodeBody({ data, flash }, attributes);
        expect(decodeBody(encoded, 0)).toEqual({ attributes, content: { data, flash, bytes } });
      }),
    );
  });

  test('may begin anywhere in its bytes', () => {
    expect(decodeBody(Buffer.from('header\n=1,2 k ab\n'), 7)).toMatchObject({
      content: { data: new Map([['k', Buffer.from('ab')]]) },
    });
  });

  test.each([
    ['an unknown kind', '?1,1 k a\n'],
    ['a length without digits', '=,1  a\n'],
    ['a length that is not a number', '=1,x k a\n'],
    ['a length beyond its end', '=1,9 k a\n'],
    ['a length that is too short', '=1,1 k ab\n'],
    ['no newline at its end', '=1,1 k a'],
    ['a key twice', '=1,1 k a\n=1,1 k b\n'],
    ['two subjects', '@0,1  a\n@0,1  b\n'],
    ['an attribute twice', '@1,1 s a\n@0,1  b\n@1,1 s a\n'],
    ['an empty subject', '@0,0  \n'],
    ['an attribute after a key', '=1,1 k a\n@1,1 s a\n'],
    ['an attribute after a message', '!1,1 q a\n@1,1 s a\n'],
    ['an attribute whose name is not UTF-8', Buffer.from('@1,1 \xff a\n', 'latin1')],
    ['a key that is not UTF-8', Buffer.from('=1,1 \xff a\n', 'latin1')],
    ['a subject that is not UTF-8', Buffer.from('@0,1  \xff\n', 'latin1')],
  ])('with %s is damaged', (_what, bytes) => {
    expect(decodeBody(Buffer.from(bytes as string), 0)).toBeUndefined();
  });
});
