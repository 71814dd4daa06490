import { describe, expect, test } from '@jest/globals';
import type { Outcome } from '../history';
import { brokenBy, expectBreach, maybe, refused, Story } from './fixture';

describe('the checker rejects a history in which a call', () => {
  test('ends long after its deadline, or never', () => {
    expectBreach(
      (s) => s.update('1', 100, maybe('DEADLINE_EXCEEDED'), { completed: 1150 }),
      (s) => s.update('2', 200, maybe('DEADLINE_EXCEEDED'), { completed: 1400 }),
      'every call ends by its deadline',
    );
    const story = new Story().update('1', 100, { status: 'open' }, { completed: Infinity });
    expect(brokenBy(story.history)).toContain('every call ends by its deadline');
  });

  test.each(['INTERNAL', 'UNKNOWN', 'TOKEN_INVALID', 'CANCELLED', 'STORE_FULL', 'TypeError: x'])(
    'fails with %s',
    (code) => {
      expectBreach(
        (s) => s.update('1', 100, maybe()),
        (s) => s.update('2', 200, maybe(code)),
        'every failure is documented',
      );
    },
  );

  test('times out before its deadline', () => {
    expectBreach(
      (s) => s.update('1', 100, maybe('DEADLINE_EXCEEDED'), { completed: 1105 }),
      (s) => s.update('2', 1200, maybe('DEADLINE_EXCEEDED'), { completed: 1300 }),
      'no call is given up before its deadline',
    );
  });
});

describe('the checker rejects a history in which', () => {
  /** Adds a call every 50 ms. */
  const calls = (s: Story, from: number, to: number, outcome: (version: number) => Outcome): Story => {
    for (let at = from; at < to; at += 50) {
      const version = 1 + s.operations.filter((operation) => operation.outcome.status === 'ok').length;
      s.update(`u${at}`, at, outcome(version));
    }
    return s;
  };
  const ok = (version: number): Outcome => ({ status: 'ok', version });

  test('calls still fail more than a second after they could succeed', () => {
    expectBreach(
      (s) =>
        calls(
          calls(calls(s, 0, 1000, ok), 1000, 2400, () => refused()),
          2400,
          3000,
          ok,
        ).fault({ injected: 1000, possible: 1500 }),
      (s) => s.faults.splice(0, 1, { ...s.faults[0]!, possible: 1100 }),
      'calls succeed within a second of becoming possible',
    );
  });

  test('a call fails more than a second after it could succeed, where calls are rare', () => {
    expectBreach(
      (s) =>
        s
          .update('1', 900, { version: 2 })
          .fault({ injected: 1000, possible: 1000 })
          .update('2', 1100, refused())
          .update('3', 4000, { version: 3 }),
      (s) => s.update('4', 3000, refused()),
      'calls succeed within a second of becoming possible',
    );
  });

  test('calls fail for a second without a fault', () => {
    expectBreach(
      (s) =>
        calls(
          calls(calls(s, 0, 1000, ok), 1000, 1300, () => refused()),
          1300,
          2000,
          ok,
        ),
      (s) => calls(s, 2000, 3100, () => refused()),
      'no outage without a fault',
    );
  });

  test('a call fails in a planned restart', () => {
    const restart = { injected: 1000, possible: 1300, restart: { sidecar: 'a', downMs: 300 } };
    expectBreach(
      (s) =>
        calls(s, 0, 1000, ok).fault(restart).update('1', 1100, maybe('UNAVAILABLE'), { deadline: 1400, sidecar: 'b' }),
      (s) => s.update('2', 1100, maybe('UNAVAILABLE')),
      'no call fails in a planned restart',
    );
  });

  test('a sidecar is ready although no call succeeds', () => {
    const ready = (s: Story, status: number): void => {
      for (let at = 0; at < 6000; at += 100) s.readiness.push({ sidecar: 'a', at, status: at > 2500 ? status : 200 });
    };
    expectBreach(
      (s) => {
        calls(calls(s, 0, 1000, ok), 1000, 6000, () => refused()).fault({ injected: 900, possible: 5900 });
        ready(s, 503);
      },
      (s) => {
        s.readiness.splice(0);
        ready(s, 200);
      },
      'readiness is truthful',
    );
  });

  test('a sidecar is not ready although every call succeeds', () => {
    expectBreach(
      (s) => {
        calls(s, 0, 6000, ok);
        for (let at = 0; at < 1500; at += 100) s.readiness.push({ sidecar: 'a', at, status: 503 });
      },
      (s) => {
        for (let at = 1500; at < 6000; at += 100) s.readiness.push({ sidecar: 'a', at, status: 503 });
      },
      'readiness is truthful',
    );
  });

  test('a sidecar exceeds its memory limit', () => {
    expectBreach(
      (s) => s.memory.push({ sidecar: 'a', at: 100, residentBytes: 900 }),
      (s) => s.memory.push({ sidecar: 'a', at: 200, residentBytes: 1100 }),
      'memory stays inside the limit',
    );
  });
});
