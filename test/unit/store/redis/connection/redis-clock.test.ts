import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RedisClock } from '../../../../../server/src/store/redis/connection/redis-clock';

const latency = fc.double({ min: 0, max: 2_000, noNaN: true });
const exchange = fc.record({ pause: latency, there: latency, back: latency });

test('what is allowed until a deadline is never done after it, whatever the answers took', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -1e9, max: 1e12 }),
      fc.array(exchange, { minLength: 1 }),
      latency,
      (offset, exchanges, waits) => {
        const clock = new RedisClock();
        let now = 1_000;
        for (const { pause, there, back } of exchanges) {
          const sentAt = now + pause;
          now = sentAt + there + back;
          clock.observe(sentAt, now, Math.floor(sentAt + there + offset));
        }
        const deadline = now + waits;
        // The script compares whole milliseconds: all of the last one that it accepts must be before the deadline.
        expect(clock.lastBefore(deadline) + 1).toBeLessThanOrEqual(deadline + offset + 1e-3);
        const fastest = Math.min(...exchanges.map(({ there, back }) => there + back));
        expect(clock.lastBefore(deadline)).toBeGreaterThanOrEqual(deadline + offset - fastest - 4);
      },
    ),
  );
});

test('a clock that was stepped, either way, is learned anew with the next answer', () => {
  for (const step of [-3_600_000, 3_600_000]) {
    const clock = new RedisClock();
    clock.observe(10, 11, 1_000_010);
    clock.observe(20, 21, 1_000_020 + step);
    expect(Math.abs(clock.lastBefore(30) - (1_000_030 + step))).toBeLessThanOrEqual(4);
  }
});

test('is not known before the first answer', () => {
  const clock = new RedisClock();
  expect(clock.isKnown).toBe(false);
  clock.observe(1, 2, 3);
  expect(clock.isKnown).toBe(true);
});
