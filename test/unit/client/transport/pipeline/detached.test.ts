import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { detached } from '../../../../../client/src/transport/pipeline/detached';

/** A frame of its own memory, and a part of it. */
const parts = fc.tuple(fc.nat(200_000), fc.nat(1000), fc.nat(1000)).map(([size, from, length]) => {
  const frame = Buffer.alloc(size, 'x');
  const start = Math.floor((from / 1000) * size);
  return frame.subarray(start, start + Math.floor((length / 1000) * (size - start)));
});

test('a reply keeps at most as much of others in memory as it has itself, or 16 KiB', () => {
  fc.assert(
    fc.property(parts, (reply) => {
      const own = detached(reply);
      expect(own.equals(reply)).toBe(true);
      const others = own.buffer.byteLength - own.length;
      expect(others).toBeLessThanOrEqual(Math.max(16 * 1024, own.length));
    }),
  );
});

test('a reply that is most of its frame is not copied', () => {
  const frame = Buffer.alloc(100_000);
  expect(detached(frame.subarray(20, 99_000)).buffer).toBe(frame.buffer);
});
