import { describe, test } from '@jest/globals';
import { expectBreach, maybe, notFound, Story } from './fixture';

describe('the checker rejects a history in which a token', () => {
  test('is accepted after its session was invalidated', () => {
    expectBreach(
      (s) => s.call('i', 100, { kind: 'invalidate' }).call('r', 200, { kind: 'getCsrf' }, notFound),
      (s) => s.update('1', 300, { version: 2 }),
      'old tokens are dead',
    );
  });

  test('is accepted after it was replaced', () => {
    expectBreach(
      (s) =>
        s
          .call('g', 100, { kind: 'regenerate' }, { version: 2, csrf: 'csrf-g' })
          .withToken('g')
          .read('r', 200, 2, ['s', 'g']),
      (s) => s.withToken('s').read('r2', 300, 2, ['s', 'g']),
      'old tokens are dead',
    );
  });

  test('is accepted by a near cache more than a second after its session was invalidated', () => {
    expectBreach(
      (s) => s.call('i', 100, { kind: 'invalidate' }).read('r', 1000, 1, ['s'], { sidecar: 'b' }),
      (s) => s.read('r2', 1200, 1, ['s'], { sidecar: 'b' }),
      'old tokens are dead',
      new Story({ nearCache: true }),
    );
  });

  test('works again after its session was not found', () => {
    expectBreach(
      (s) => s.call('i', 100, { kind: 'invalidate' }, maybe()).update('1', 200, notFound),
      (s) => s.update('2', 300, { version: 2 }),
      'no session comes back',
    );
  });
});

describe('the checker rejects a history in which a session', () => {
  test('is lost', () => {
    expectBreach(
      (s) => s.update('1', 100, { version: 2 }),
      (s) => s.update('2', 200, notFound),
      'no session is lost',
    );
  });

  test('ends before its idle timeout', () => {
    expectBreach(
      (s) => s.update('1', 500, { version: 2 }),
      (s) => s.update('2', 1400, notFound),
      'no session expires early',
      new Story({ idleTimeoutMs: 1000 }),
    );
  });

  test('outlives its idle timeout', () => {
    expectBreach(
      (s) => s.update('1', 1100, { version: 2 }).update('2', 2240, { version: 3 }),
      (s) => s.update('3', 3500, { version: 4 }),
      'sessions expire',
      new Story({ idleTimeoutMs: 1000 }),
    );
  });
});
