import { describe, expect, test } from '@jest/globals';
import {
  mutationArguments,
  mutationResult,
  parseMetadata,
  updateArguments,
} from '../../../../../server/src/store/redis/scripts/script-codec';

const value = Buffer.from('1');

test('what the index has for the session follows its idle timeout', () => {
  const indexed = { subject: 'ada', lifetimeMs: 5000 };
  expect(updateArguments({ subject: 'ada', label: '' }, indexed)).toEqual([
    '',
    '',
    '',
    '',
    'ada',
    '5000',
    '',
    '',
    '2',
    '',
    'ada',
    'label',
    '',
  ]);
});

describe('updateArguments()', () => {
  test('are empty for what stays as it is', () => {
    expect(updateArguments({})).toEqual(['', '', '', '', '', '-', '', '', '0']);
  });

  test.each([
    [
      { ifVersion: 3, secretHash: 's', csrfToken: 'c', idleTimeout: 1000, subject: '7' },
      ['3', 's', 'c', '1000', '', '-', '', '', '1', '', '7'],
    ],
    [{ ifVersion: 3, secretHash: 's', fence: 7, graceMs: 1000 }, ['3', 's', '', '', '', '-', '7', '1000', '0']],
    [{ idleTimeout: 'never' as const, subject: '' }, ['', '', '', '-', '', '-', '', '', '1', '', '']],
  ])('of %j are %j', (update, args) => {
    expect(updateArguments(update)).toEqual(args);
  });
});

test.each([
  [{ kind: 'set', key: 'k', value } as const, ['set', 'k', value, '']],
  [{ kind: 'take', key: 'k' } as const, ['take', 'k', '', '']],
  [{ kind: 'clear' } as const, ['clear', '', '', '']],
  [{ kind: 'append', key: 'k', value, unlessPresent: true } as const, ['append', 'k', value, '1']],
  [{ kind: 'increment', key: 'k', by: -2 } as const, ['increment', 'k', '-2', '']],
  [{ kind: 'push_flash', queue: 'q', message: value, unlessPresent: false } as const, ['push_flash', 'q', value, '']],
  [{ kind: 'pop_flash', queue: 'q' } as const, ['pop_flash', 'q', '', '']],
])('a mutation is always four arguments: %j', (mutation, args) => {
  expect(mutationArguments(mutation)).toEqual(args);
});

test.each([
  [0, { applied: false }],
  [1, { applied: true }],
  [[1, value] as const, { applied: true, value }],
  [[0, value] as const, { applied: false, value }],
  [[1, [value, value]] as const, { applied: true, messages: [value, value] }],
])('the reply %j is the result %j', (raw, result) => {
  expect(mutationResult(raw)).toEqual(result);
});

test.each([
  ['3 1000 2000 -', { version: 3, created: 1000, accessed: 2000, idleTimeout: undefined }],
  ['3 1000 2000 60000', { version: 3, created: 1000, accessed: 2000, idleTimeout: 60_000 }],
])('the metadata %j is read', (text, metadata) => {
  expect(parseMetadata(Buffer.from(text))).toEqual(metadata);
});
