import { describe, expect, test } from '@jest/globals';
import { bytesText, durationText, msText, numberText } from '../../../server/src/cli/units';

test.each([
  [0, '0'],
  [0.25, '0.3'],
  [9.96, '10.0'],
  [12, '12'],
  [1234.5, '1,235'],
])('the number %d is %s', (value, text) => {
  expect(numberText(value)).toBe(text);
});

test.each([
  [null, '-'],
  [NaN, '-'],
  [0.123, '0.12 ms'],
  [12.34, '12.3 ms'],
  [123.4, '123 ms'],
  [1234, '1.23 s'],
])('the time %p is %s', (value, text) => {
  expect(msText(value)).toBe(text);
});

test.each([
  [0, '0 B'],
  [1023, '1,023 B'],
  [1536, '1.5 KiB'],
  [80 * 1024 * 1024, '80 MiB'],
  [5 * 1024 ** 4, '5,120 GiB'],
])('the size %d is %s', (value, text) => {
  expect(bytesText(value)).toBe(text);
});

describe('a duration', () => {
  test.each([
    [0, '0s'],
    [59.6, '1m'],
    [3600, '1h'],
    [3661, '1h 1m'],
    [90_000, '1d 1h'],
  ])('of %d s is %s', (value, text) => {
    expect(durationText(value)).toBe(text);
  });
});
