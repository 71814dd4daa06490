import { expect, test } from '@jest/globals';
import { renderTable } from '../../../server/src/cli/table';

test('columns are as wide as their widest cell, and lines end without spaces', () => {
  const rows = [
    ['a', '1', 'one'],
    ['bcd', '234', ''],
  ];
  expect(renderTable(rows, { head: ['NAME', 'N', 'TEXT'], right: [1] })).toBe(
    ['NAME    N  TEXT', 'a       1  one', 'bcd   234', ''].join('\n'),
  );
});

test('the last column is wrapped at words on a terminal, and nowhere else', () => {
  const text = 'a sentence that is longer than the terminal is wide';
  expect(renderTable([['x', text]])).toBe(`x  ${text}\n`);
  expect(renderTable([['x', text]], { width: 40 })).toBe(
    'x  a sentence that is longer than the\n   terminal is wide\n',
  );
});

test('colors take no room', () => {
  const red = '\u001b[31mab\u001b[39m';
  expect(
    renderTable(
      [
        [red, 'x'],
        ['cde', 'y'],
      ],
      { width: 80 },
    ),
  ).toBe(`${red}   x\ncde  y\n`);
});

test('no rows are no table', () => {
  expect(renderTable([], { head: ['A'] })).toBe('');
});
