import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { resolveApiToken } from '../../../../client/src/transport/api-token';
import { stackForEachTest } from '../../../support/stack';

const stack = stackForEachTest();

/** A file with an API token. */
function fileWith(text: string): string {
  const path = join(stack.directory(), 'token');
  writeFileSync(path, text);
  return path;
}

describe('an API token', () => {
  test('is none by default', () => {
    expect(resolveApiToken({})).toBeUndefined();
  });

  test('given as a text never changes', () => {
    const token = resolveApiToken({ apiToken: 'abc' })!;
    expect([token.current(), token.canChange]).toEqual(['abc', false]);
  });

  test.each(['abc', ' abc\n', 'abc,def', 'abc\ndef\n'])('is the first word of a file: %j', (text) => {
    expect(resolveApiToken({ apiTokenFile: fileWith(text) })!.current()).toBe('abc');
  });

  test('from a file is read again on request, and kept while the file has none', () => {
    const path = fileWith('abc');
    const token = resolveApiToken({ apiTokenFile: path })!;
    writeFileSync(path, '');
    token.reload();
    expect(token.current()).toBe('abc');
    writeFileSync(path, 'def');
    expect(token.current()).toBe('abc');
    token.reload();
    expect(token.current()).toBe('def');
  });

  test.each(['', 'two words', 'a,b', 'schlüssel'])('%j is rejected, and not repeated', (apiToken) => {
    const message = 'Expected `apiToken` to be printable ASCII without spaces and commas';
    expect(() => resolveApiToken({ apiToken })).toThrow(new TypeError(message));
  });

  test('and a file with one exclude each other', () => {
    expect(() => resolveApiToken({ apiToken: 'abc', apiTokenFile: fileWith('abc') })).toThrow(/got both$/);
  });

  test('in a file that is missing is an error at once', () => {
    expect(() => resolveApiToken({ apiTokenFile: '/nowhere' })).toThrow(/ENOENT/);
  });
});
