import fc from 'fast-check';
import { describe, expect, test } from '@jest/globals';
import { RequestMessage, withPrefix } from '../../../../server/src/grpc/unary/request-message';
import { effort } from '../../../support/effort';

const megabyte = 1024 * 1024;

/** The bytes in pieces that end at these positions. */
function cut(bytes: Buffer, positions: readonly number[]): Buffer[] {
  const ends = [...new Set(positions.map((position) => position % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

function read(chunks: readonly Buffer[]) {
  const request = new RequestMessage();
  for (const chunk of chunks) {
    const error = request.add(chunk);
    if (error !== undefined) return { error };
  }
  return request.end();
}

test('A message arrives, however its bytes are cut', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat()), (bytes, positions) => {
      expect(read(cut(withPrefix(Buffer.from(bytes)), positions))).toEqual({ message: Buffer.from(bytes) });
    }),
    { numRuns: effort(100) },
  );
});

test('No message is kept together with a much larger piece that it came in', () => {
  const piece = Buffer.alloc(64 * 1024);
  withPrefix(Buffer.from('short')).copy(piece, 100);
  const result = read([piece.subarray(100, 110)]);
  expect(result).toEqual({ message: Buffer.from('short') });
  expect((result as { message: Buffer }).message.buffer.byteLength).toBeLessThan(piece.length);
});

describe('A request is refused', () => {
  const one = withPrefix(Buffer.from('message'));
  const refused: Readonly<Record<string, [chunks: readonly Buffer[], code: number, message: string]>> = {
    'without a message': [[], 12, 'exactly one message'],
    'whose prefix is cut off': [[one.subarray(0, 4)], 12, 'exactly one message'],
    'whose message is cut off': [[one.subarray(0, -1)], 12, 'exactly one message'],
    'with two messages': [[one, one], 12, 'exactly one message'],
    'with one byte too much': [[Buffer.concat([one, one.subarray(0, 1)])], 12, 'exactly one message'],
    'that says it is compressed': [[Buffer.from([1, 0, 0, 0, 0])], 13, 'not compressed'],
    'of more than 4 MiB': [[Buffer.from([0, 0, 0x40, 0, 1])], 8, 'at most 4194304 bytes, got 4194305'],
  };
  test.each(Object.entries(refused))('%s', (_what, [chunks, code, message]) => {
    expect(read(chunks)).toMatchObject({ error: { code, message: expect.stringContaining(message) } });
  });

  test('as soon as it is too large, before it has arrived', () => {
    const request = new RequestMessage();
    expect(request.add(Buffer.from([0, 0x7f, 0xff, 0xff]))).toBeUndefined();
    expect(request.add(Buffer.from([0xff]))).toMatchObject({ code: 8 });
  });
});

test('A message of 4 MiB is accepted', () => {
  expect(read([withPrefix(Buffer.alloc(4 * megabyte))])).toEqual({ message: Buffer.alloc(4 * megabyte) });
});
