import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { outputOf } from '../support/commands';
import { brokenFormattingIn, root } from './markdown';

/** All but what a program printed: the report of the history checker is lists of what it found. */
const documents = outputOf('git', ['ls-files', '*.md', ':!*chaos-report.md'], { cwd: root }).trim().split('\n');

describe('documents', () => {
  test.each(documents)('%s: no formula or code span is broken by formatting', (document) => {
    expect(brokenFormattingIn(readFileSync(join(root, document), 'utf8'))).toEqual([]);
  });
});

describe('the check for broken formatting', () => {
  test.each([
    ['a code span over two lines', 'With `appendfsync\neverysec` it loses a second.', 2],
    ['a formula that became a nested item', '- A session ends at the access\n  - idle timeout + touch interval.', 1],
    ['a formula that became a list', 'It ends at the access\n+ idle timeout.', 1],
    ['a sentence that became a heading', 'The number of calls is\n# of requests.', 1],
  ])('finds %s', (_name, text, lines) => {
    expect(brokenFormattingIn(text)).toHaveLength(lines);
  });

  test.each([
    ['a list after a sentence', 'These are kept:\n- one\n- two'],
    ['items of several lines', '- One that is long enough to go on in the\n  next line.\n- Two.'],
    ['a fenced block', 'Run:\n\n```sh\necho `date\n+ 1`\n```'],
    ['a list in a list', '- one\n- two:\n  1. three'],
  ])('accepts %s', (_name, text) => {
    expect(brokenFormattingIn(text)).toEqual([]);
  });
});
