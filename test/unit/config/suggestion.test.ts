import { describe, expect, test } from '@jest/globals';
import { suggestionFor } from '../../../server/src/config/suggestion';

const names = ['max-keys', 'log-level', 'idle-timeout'];

describe('suggestionFor()', () => {
  test.each([
    ['max-key', 'max-keys'],
    ['MAX_KEYS', 'max-keys'],
    ['maxKeys', 'max-keys'],
    ['--idel-timeout', 'idle-timeout'],
    ['-log level-', 'log-level'],
  ])('finds that %s means %s', (name, meant) => {
    expect(suggestionFor(name, names)).toBe(meant);
  });

  test.each(['', '--', 'verbose', 'max-lifetime'])('finds nothing near %j', (name) => {
    expect(suggestionFor(name, names)).toBeUndefined();
  });

  test('accepts no more differences than maxDistance', () => {
    expect(suggestionFor('idel-timeout', names, 2)).toBe('idle-timeout');
    expect(suggestionFor('idel-timeout', names, 1)).toBeUndefined();
  });

  test('finds nothing among no names', () => {
    expect(suggestionFor('max-keys', [])).toBeUndefined();
  });
});
