import { expect, test } from '@jest/globals';
import * as kinds from '../../../../server/src/config/values';
import type { ValueKind } from '../../../../server/src/config/values';
import { files, parse } from './parse';

test('a value in a file is that without the line breaks at the end', () => {
  expect(parse(kinds.inFile(kinds.onOff), '/text')).toBe(true);
  expect(parse(kinds.inFile(kinds.onOff), '/text-and-line-breaks')).toBe(true);
  expect(parse(kinds.inFile(kinds.secretText), '/spaces')).toBe(' a b ');
});

test.each(['/empty', '/line-break'])('an empty file is refused', (path) => {
  expect(() => parse(kinds.inFile(kinds.secretText), path)).toThrow(
    new Error('Expected the path of a file that is not empty.'),
  );
});

test('a wrong value in a file is refused as elsewhere', () => {
  expect(() => parse(kinds.inFile(kinds.onOff), '/spaces')).toThrow('Expected on or off');
});

test('PEM is taken as it is in the file', () => {
  expect(parse(kinds.pemFile, '/pem').toString()).toBe(files['/pem']);
});

test('a file that is not PEM is refused', () => {
  expect(() => parse(kinds.pemFile, '/text')).toThrow(new Error('Expected the path of a file in PEM.'));
});

test.each([kinds.pemFile, kinds.inFile(kinds.secretText)])('a path that cannot be read is not repeated', (kind) => {
  const message = 'Expected the path of a readable file (ENOENT).';
  expect(() => parse(kind as ValueKind<unknown>, '/s3cret')).toThrow(new Error(message));
});
