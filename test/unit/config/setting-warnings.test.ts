import { describe, expect, test } from '@jest/globals';
import { load } from './loading';

describe('settings that contradict each other are allowed, with a warning', () => {
  const warningsOf = (env: Record<string, string>, args: readonly string[] = []) => load({ env, args }).warnings;

  test('a lifetime that is shorter than the idle timeout, even than its default', () => {
    const warning = (idle: string): string =>
      `SESSION_SIDECAR_MAX_LIFETIME (5m) is shorter than SESSION_SIDECAR_IDLE_TIMEOUT (${idle}): sessions end before their idle timeout. Raise the one or lower the other.`;
    expect(warningsOf({ MAX_LIFETIME: '5m' })).toEqual([warning('20m')]);
    expect(warningsOf({ MAX_LIFETIME: '5m', IDLE_TIMEOUT: '6m' })).toEqual([warning('6m')]);
    expect(warningsOf({ MAX_LIFETIME: '5m', IDLE_TIMEOUT: '5m' })).toEqual([]);
    expect(warningsOf({ MAX_LIFETIME: '5m', IDLE_TIMEOUT: 'never' })).toEqual([]);
  });

  test('a touch interval that is longer than a session lives', () => {
    expect(warningsOf({ IDLE_TIMEOUT: '5m' }, ['--touch-interval', '6m'])).toEqual([
      '--touch-interval (6m) is longer than SESSION_SIDECAR_IDLE_TIMEOUT (5m): accesses are hardly ever recorded. Lower it to a fraction of that.',
    ]);
    expect(warningsOf({ IDLE_TIMEOUT: 'never', MAX_LIFETIME: '5m', TOUCH_INTERVAL: '6m' })).toEqual([
      'SESSION_SIDECAR_TOUCH_INTERVAL (6m) is longer than SESSION_SIDECAR_MAX_LIFETIME (5m): accesses are hardly ever recorded. Lower it to a fraction of that.',
    ]);
    expect(warningsOf({ IDLE_TIMEOUT: '5m', TOUCH_INTERVAL: '5m' })).toEqual([]);
    expect(warningsOf({ IDLE_TIMEOUT: 'never', TOUCH_INTERVAL: '5m' })).toEqual([]);
  });

  test('a key that signs tokens and encrypts sessions', () => {
    const [one, two] = [1, 2].map((byte) => Buffer.alloc(32, byte).toString('base64'));
    const redis = { REDIS_URL: 'redis://cache' };
    expect(warningsOf({ ...redis, SIGNING_KEYS: `${one},${two}`, ENCRYPTION_KEYS: `none,${two}` })).toEqual([
      'SESSION_SIDECAR_ENCRYPTION_KEYS and SESSION_SIDECAR_SIGNING_KEYS have a key in common: who learns it can read sessions, and sign tokens. Use different keys.',
    ]);
    expect(warningsOf({ ...redis, SIGNING_KEYS: one!, ENCRYPTION_KEYS: two! })).toEqual([]);
  });

  test('keys that encrypt sessions which are not in Redis', () => {
    expect(warningsOf({ ENCRYPTION_KEYS: Buffer.alloc(32).toString('base64') })).toEqual([
      'SESSION_SIDECAR_ENCRYPTION_KEYS has no effect: no Redis is configured, so sessions are kept in memory.',
    ]);
  });

  test('a session that may be larger than the store', () => {
    expect(warningsOf({ MEMORY_STORE_SIZE: '1MiB', MAX_SESSION_SIZE: '2MiB' })).toEqual([
      'SESSION_SIDECAR_MAX_SESSION_SIZE (2MiB) is larger than SESSION_SIDECAR_MEMORY_STORE_SIZE (1MiB): a session may not fit in the store. Raise the one or lower the other.',
    ]);
  });
});
