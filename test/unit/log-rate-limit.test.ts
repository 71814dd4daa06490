import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { LogRateLimit } from '../../server/src/log-rate-limit';
import { createLogger } from '../../server/src/logging';
import type { Logger } from 'pino';

const intervalMs = 10_000;
const maxLines = 3;

let lines: { readonly msg: string; readonly suppressed?: number }[];
let suppressed: number;
let logger: Logger;

beforeEach(() => {
  jest.useFakeTimers();
  lines = [];
  suppressed = 0;
  const rateLimit = new LogRateLimit({ maxLines, intervalMs, now: () => performance.now() });
  rateLimit.onSuppressed(() => (suppressed += 1));
  const destination = {
    write: (text: string) => {
      lines.push(JSON.parse(text) as (typeof lines)[number]);
    },
  };
  logger = createLogger('debug', destination, { rateLimit });
});

afterEach(() => {
  jest.useRealTimers();
});

/** Message and count of each line, since the last time it was asked. */
function written(): readonly unknown[] {
  return lines.splice(0).map(({ msg, suppressed: count }) => (count === undefined ? msg : `${msg} + ${count}`));
}

function repeat(times: number, log: () => void): void {
  for (let time = 0; time < times; time += 1) log();
}

describe('a rate limit', () => {
  test('lets so many lines of one kind through within an interval, and then says how many it left out', () => {
    repeat(100, () => logger.error({ err: new Error('a') }, 'failed'));
    expect(written()).toEqual(['failed', 'failed', 'failed']);
    expect(suppressed).toBe(97);
    jest.advanceTimersByTime(intervalMs - 1);
    expect(written()).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(lines[0]).toMatchObject({ level: 'error', suppressed: 97 });
    expect(written()).toEqual(['failed + 97']);
  });

  test('counts the line with the number as the first of the next interval', () => {
    repeat(4, () => logger.warn('failed'));
    jest.advanceTimersByTime(intervalMs);
    written();
    repeat(4, () => logger.warn('failed'));
    expect(written()).toEqual(['failed', 'failed']);
    jest.advanceTimersByTime(intervalMs);
    expect(written()).toEqual(['failed + 2']);
    jest.advanceTimersByTime(intervalMs);
    repeat(3, () => logger.warn('failed'));
    expect(written()).toEqual(['failed', 'failed', 'failed']);
  });

  test('says nothing when it left nothing out', () => {
    repeat(3, () => logger.warn('failed'));
    written();
    jest.advanceTimersByTime(10 * intervalMs);
    expect(written()).toEqual([]);
  });

  test('holds for each message, and for each kind of error in it, by itself', () => {
    repeat(10, () => {
      logger.error({ err: new TypeError('a') }, 'failed');
      logger.error({ err: new RangeError('b') }, 'failed');
      logger.info({ a: 1 }, 'connected');
    });
    expect(written()).toHaveLength(3 * maxLines);
  });

  test('does not hold for debug lines and for the last line of a process', () => {
    repeat(10, () => {
      logger.debug('a call');
      logger.fatal('the end');
    });
    expect(written()).toHaveLength(20);
  });

  test('keeps no more kinds than a few hundred, whatever libraries say', () => {
    for (let n = 0; n < 2_000; n += 1) logger.warn(`text ${n}`);
    expect(written()).toHaveLength(500 + maxLines);
  });

  test('is not asked for lines below the level', () => {
    logger.level = 'error';
    repeat(100, () => logger.warn('failed'));
    expect(suppressed).toBe(0);
  });
});

test('without a rate limit every line is written', () => {
  const free = createLogger('info', { write: (text) => lines.push(JSON.parse(text) as (typeof lines)[number]) });
  repeat(100, () => free.error('failed'));
  expect(written()).toHaveLength(100);
});
