import { expect, test } from '@jest/globals';
import { freeMessage } from '../../../../client/src/transport/message-memory';

/** A message as grpc-js makes it: behind five bytes, in memory of its own or in a pool. */
const prefix = 5;
const withOwnMemory = (bytes: number) => Buffer.from(new ArrayBuffer(prefix + bytes)).subarray(prefix);

/** Node.js 20 cannot transfer an ArrayBuffer. */
const canFree = 'transfer' in ArrayBuffer.prototype;

test('the memory of a message is freed', () => {
  const message = withOwnMemory(100_000);
  freeMessage(message);
  expect(message.buffer.byteLength).toBe(canFree ? 0 : prefix + 100_000);
});

test.each([
  ['others come after it', new ArrayBuffer(8192), prefix, 100],
  ['others come before it', new ArrayBuffer(8192), 100, 8092],
  ['it has no prefix', new ArrayBuffer(100), 0, 100],
  ['it is empty', new ArrayBuffer(prefix), prefix, 0],
])('memory is kept if %s', (_why, memory, from, length) => {
  const { byteLength } = memory;
  freeMessage(Buffer.from(memory, from, length));
  expect(memory.byteLength).toBe(byteLength);
});
