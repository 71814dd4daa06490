import fc from 'fast-check';

const surrogates = { first: 0xd800, count: 0x800 };

/**
 * Any Unicode code point but surrogates, as a unit of strings: `fc.string({ unit: codePoint })`. It gives what `unit: 'binary'` gives, for
 * which fast-check makes a table of a million entries in each test file.
 */
export const codePoint = fc.nat({ max: 0x10ffff - surrogates.count }).map(
  (index) => String.fromCodePoint(index < surrogates.first ? index : index + surrogates.count),
  (text) => {
    const point = typeof text === 'string' ? text.codePointAt(0) : undefined;
    if (point === undefined || text !== String.fromCodePoint(point)) throw new Error('Expected one code point.');
    return point < surrogates.first ? point : point - surrogates.count;
  },
);
