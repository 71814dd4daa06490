import { describe, expect, test } from '@jest/globals';
import * as kinds from '../../../../server/src/config/values';
import { parse } from './parse';

describe('duration', () => {
  const kind = kinds.duration({ min: '0s', max: '1h' });

  test.each([
    ['0s', 0],
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5s', 1_500],
    ['.5s', 500],
    ['1 m', 60_000],
    ['20m', 1_200_000],
    ['1h', 3_600_000],
    ['60 minutes', 3_600_000],
    ['1.4ms', 1],
  ])('takes %s as %d ms', (text, milliseconds) => {
    expect(parse(kind, text)).toBe(milliseconds);
  });

  test.each([
    ...[
      '30',
      '0',
      '-30s',
      '1e3s',
      '1.2.3s',
      '1h30m',
      '30 lightyears',
      's',
      '',
      'never',
      '30s!',
      'NaN',
      'Infinity',
      '１s',
      '1,5s',
    ],
    `${'9'.repeat(400)}s`,
  ])('rejects %p, and names the expected form and the value', (text) => {
    const message = `Expected a duration from 0s to 1h with one of the units ms, s, m, h or d, like 250ms, 30s, 20m or 12h, got \`${text}\`.`;
    expect(() => parse(kind, text)).toThrow(new Error(message));
  });

  test.each(['61m', '3600001ms', '2 hours', '10D'])('rejects %p for its range, not for its unit', (text) => {
    expect(() => parse(kind, text)).toThrow(new Error(`Expected a duration from 0s to 1h, got \`${text}\`.`));
  });

  test.each(['1H', '60Min', '3600 Seconds'])('takes %p, in whatever case', (text) => {
    expect(parse(kind, text)).toBe(3_600_000);
  });

  test('rejects values below the minimum', () => {
    const atLeastASecond = kinds.duration({ min: '1s', max: '3650d' });
    expect(parse(atLeastASecond, '1s')).toBe(1_000);
    expect(parse(atLeastASecond, '3650d')).toBe(3650 * 86_400_000);
    expect(() => parse(atLeastASecond, '999ms')).toThrow('from 1s to 3650d');
    expect(() => parse(atLeastASecond, '0s')).toThrow('from 1s to 3650d');
    expect(() => parse(atLeastASecond, '3651d')).toThrow('from 1s to 3650d');
  });
});

describe('duration or never', () => {
  const kind = kinds.durationOrNever({ min: '1s', max: '3650d' });

  test('takes never as no duration', () => {
    expect(parse(kind, 'never')).toBeUndefined();
    expect(parse(kind, '20m')).toBe(1_200_000);
  });

  test.each(['0', '0s', '-1', 'Never', 'off', '1', '-1s', 'infinity'])(
    'refuses %p and says that never is allowed',
    (text) => {
      expect(() => parse(kind, text)).toThrow(`, or never, got \`${text}\`.`);
    },
  );
});

describe('size', () => {
  const kind = kinds.size({ min: '1KiB', max: '2MiB' });

  test.each([
    ['1KiB', 1_024],
    ['1024B', 1_024],
    ['64 KiB', 65_536],
    ['1MB', 1_000_000],
    ['1.5kb', 1_500],
    ['2mib', 2_097_152],
  ])('takes %s as %d bytes', (text, size) => {
    expect(parse(kind, text)).toBe(size);
  });

  test.each(['0B', '1023B', '2097153B', '3MiB', '10gb', '10GiB', `${'9'.repeat(400)}B`])(
    'refuses %p for its size only',
    (text) => {
      expect(() => parse(kind, text)).toThrow(new Error(`Expected a size from 1KiB to 2MiB, got \`${text}\`.`));
    },
  );

  test.each(['65536', '0', '-1MiB', '10k', '5000bananas', '1..5MB', '1e3kB', 'KiB', ''])('refuses %p', (text) => {
    expect(() => parse(kind, text)).toThrow(
      `Expected a size from 1KiB to 2MiB with one of the units B, kB, KiB, MB, MiB, GB or GiB, like 64KiB or 1MB, got \`${text}\`.`,
    );
  });
});
