import { describe, expect, test } from '@jest/globals';
import {
  idleTimeoutViolations,
  nameViolations,
  mutationsViolations,
  mutationViolations,
} from '../../../server/src/session/validation';

describe('nameViolations()', () => {
  test.each(['a', '_f_', '__proto__', 'with space', 'Ключ', '\u{1f36a}', 'a.b[0]', '"', 'x'.repeat(256)])(
    'takes %j',
    (name) => {
      expect(nameViolations('key', name)).toEqual([]);
    },
  );

  test.each([
    ['', 'got 0 bytes'],
    ['x'.repeat(257), 'got 257 bytes'],
    ['é'.repeat(129), 'got 258 bytes'],
    ['x'.repeat(10_240), 'got 10240 bytes'],
    ['a\nb', 'got a control character'],
    ['a\u0000', 'got a control character'],
    ['\u007f', 'got a control character'],
    ['a\ufffd', 'got invalid UTF-8'],
  ])('refuses %j and says what it got, without repeating it', (name, got) => {
    const [violation] = nameViolations('mutations[3].set.key', name);
    expect(violation).toEqual({
      field: 'mutations[3].set.key',
      description: `Expected 1 to 256 bytes of UTF-8 without control characters, ${got}.`,
    });
  });
});

describe('mutationsViolations()', () => {
  test('names every wrong field of every mutation', () => {
    const fields = mutationsViolations([
      { kind: 'set', key: '', value: Buffer.alloc(0) },
      { kind: 'take', key: 'fine' },
      { kind: 'append', key: 'list', value: Buffer.from('1]'), unlessPresent: false },
      { kind: 'increment', key: '', by: 0 },
      { kind: 'push_flash', queue: '', message: Buffer.alloc(0), unlessPresent: false },
    ]).map(({ field }) => field);
    expect(fields).toEqual([
      'mutations[0].set.key',
      'mutations[0].set.value',
      'mutations[2].append.value',
      'mutations[3].increment.key',
      'mutations[3].increment.by',
      'mutations[4].push_flash.message',
    ]);
  });

  test('names 8 wrong fields, and says how many more there are', () => {
    const mutations = Array.from({ length: 500 }, () => ({ kind: 'increment' as const, key: '', by: 0 }));
    const violations = mutationsViolations(mutations);
    expect(violations).toHaveLength(9);
    expect(violations[7]?.field).toBe('mutations[3].increment.by');
    expect(violations[8]).toEqual({ field: '', description: '992 more fields are wrong.' });
  });
});

test('the fields of an RPC of its own have no path before them', () => {
  const violations = mutationViolations({ kind: 'pop_flash', queue: '\n' }, '');
  expect(violations.map(({ field }) => field)).toEqual(['queue']);
});

describe('idleTimeoutViolations()', () => {
  test.each([undefined, 'never' as const, 1000, 1500, 10 * 365.25 * 24 * 3_600_000])('takes %p', (idleTimeout) => {
    expect(idleTimeoutViolations(idleTimeout)).toEqual([]);
  });

  test.each([0, -1, -20 * 60_000, 999, 1000.5, 10 * 365.25 * 24 * 3_600_000 + 1, Infinity, NaN])(
    'refuses %p, and says what is allowed and how to ask for never',
    (idleTimeout) => {
      const [violation] = idleTimeoutViolations(idleTimeout);
      expect(violation?.field).toBe('idle_timeout');
      expect(violation?.description).toMatch(/Expected 1 second to 315576000 seconds .*got .* no_idle_timeout/);
    },
  );
});
