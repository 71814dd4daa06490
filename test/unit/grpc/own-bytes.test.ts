import { expect, test } from '@jest/globals';
import { ownBytes } from '../../../server/src/grpc/own-bytes';

test('A small part is copied out of what arrived with it', () => {
  const all = Buffer.from('a small part of something large'.padEnd(200), 'latin1');
  const part = all.subarray(2, 12);
  const own = ownBytes(part);
  expect(own).toEqual(part);
  all.fill(0);
  expect(own.toString()).toBe('small part');
});

test('Most of what arrived is not copied', () => {
  const all = Buffer.from(new ArrayBuffer(100));
  expect(ownBytes(all.subarray(0, 50)).buffer).toBe(all.buffer);
});

test('Other bytes become a Buffer', () => {
  expect(ownBytes(new Uint8Array([1, 2]))).toEqual(Buffer.from([1, 2]));
});
