import { describe, expect, test } from '@jest/globals';
import type { Call } from '../history';
import { brokenBy, expectBreach, maybe, notFound, refused, Story } from './fixture';

describe('the checker excuses', () => {
  const failover = { injected: 1000, possible: 2000, loss: { what: 'recent', from: 1000, until: 2000 } } as const;

  test('the loss of what was acknowledged before a failover, but of nothing later', () => {
    expectBreach(
      (s) => s.fault(failover).update('1', 1500, { version: 2 }).read('r', 2500, 1, ['s']),
      (s) => s.update('2', 2600, { version: 2 }).read('r2', 2700, 1, ['s']),
      'no acknowledged change is lost',
    );
  });

  test('no loss on one shard by a failover of another', () => {
    expectBreach(
      (s) =>
        s
          .fault({ ...failover, slots: [[50, 150]] })
          .update('1', 1500, { version: 2 })
          .read('r', 2500, 1, ['s']),
      (s) =>
        s.faults.splice(0, 1, {
          ...s.faults[0]!,
          slots: [
            [0, 99],
            [101, 200],
          ],
        }),
      'no acknowledged change is lost',
    );
  });

  test('no change that is applied late after a failover', () => {
    expectBreach(
      (s) =>
        s.fault(failover).update('1', 1500, maybe()).update('2', 2100, { version: 2 }).read('r', 2500, 2, ['s', '2']),
      (s) => s.read('r2', 2600, 3, ['s', '2', '1']),
      'nothing takes effect late',
    );
  });

  test('the loss of whole sessions by a restart, but not of parts of them', () => {
    const restart = { ...failover, loss: { ...failover.loss, what: 'sessions' } } as const;
    expectBreach(
      (s) => s.fault(restart).update('1', 1500, { version: 2 }).update('2', 2500, notFound),
      (s) => {
        s.operations.pop();
        s.read('r', 2500, 1, ['s']);
      },
      'no acknowledged change is lost',
    );
  });

  test('no session that is lost after a restart', () => {
    const restart = { ...failover, loss: { ...failover.loss, what: 'sessions' } } as const;
    expectBreach(
      (s) => s.fault({ ...restart, injected: 100 }).update('1', 900, { version: 2 }),
      (s) => {
        s.faults.splice(0, 1, { ...s.faults[0]!, loss: { what: 'sessions', from: -200, until: -100 } });
        s.update('2', 3000, notFound);
      },
      'no session is lost',
    );
  });

  test('a change whose version number a failover reused, but no other', () => {
    expectBreach(
      (s) =>
        s
          .fault(failover)
          .update('1', 1500, maybe(), { call: { kind: 'update', through: 'session', writes: [] } })
          .read('r', 2500, 2, ['s', '1'], {}, { count: 3 }),
      (s) => s.operations.splice(1, 1, { ...s.operations[1]!, call: { kind: 'update', through: 'api', writes: [] } }),
      'reads show whole changes',
    );
  });

  test('the loss of a change that a transform overwrites after reading from a demoted server, but of no other', () => {
    const demotion = { ...failover, loss: { ...failover.loss, readUntil: 2300 } } as const;
    const transform: Call = { kind: 'update', through: 'session', writes: [] };
    expectBreach(
      (s) =>
        s
          .fault(demotion)
          .update('1', 2100, { version: 2 })
          .call('2', 2050, transform, { version: 3 }, { completed: 2150, deadline: 5050 })
          .read('r', 2500, 3, ['s', '2']),
      (s) => s.operations.splice(2, 1, { ...s.operations[2]!, call: { kind: 'update', through: 'api', writes: [] } }),
      'no acknowledged change is lost',
    );
  });

  test('a change that a slow network delivers late to its sidecar, but not to another one', () => {
    const slow = { injected: 500, possible: 2000, sidecars: ['a'], requestDelayMs: 600 };
    expectBreach(
      (s) =>
        s
          .fault(slow)
          .update('1', 1000, maybe('DEADLINE_EXCEEDED'), { completed: 1250, deadline: 1250 })
          .update('2', 1500, { version: 2 })
          .read('r', 2500, 3, ['s', '2', '1']),
      (s) => s.faults.splice(0, 1, { ...s.faults[0]!, sidecars: ['b'] }),
      'nothing takes effect late',
    );
  });

  test('what a demoted server returns to reads for a moment, but not later', () => {
    const demotion = { ...failover, loss: { ...failover.loss, readUntil: 2300 } } as const;
    expectBreach(
      (s) =>
        s.fault(demotion).update('1', 1500, { version: 2 }).read('r', 2200, 2, ['s', '1']).read('r2', 2250, 1, ['s']),
      (s) => s.read('r3', 2400, 2, ['s', '1']).read('r4', 2500, 1, ['s']),
      'versions only grow',
    );
  });

  test('a paused sidecar that is ready when it resumes, but not one that stays ready', () => {
    const calls = (s: Story, from: number, to: number): Story => {
      for (let at = from; at < to; at += 50) s.update(`u${at}`, at, refused());
      return s;
    };
    expectBreach(
      (s) => {
        calls(s.update('1', 900, { version: 2 }), 1000, 4100).fault({ injected: 950, possible: 4000, stopped: 'a' });
        s.readiness.push({ sidecar: 'a', at: 4050, status: 200 });
      },
      (s) => {
        calls(s, 4100, 7000);
        s.faults.push({ ...s.faults[0]!, injected: 4100, possible: 7000, stopped: undefined });
        s.readiness.push({ sidecar: 'a', at: 6900, status: 200 });
      },
      'readiness is truthful',
    );
  });

  test('in a planned restart, a transform of a session that others change all the time, but of no other', () => {
    const transform: Call = { kind: 'update', through: 'session', writes: [] };
    expectBreach(
      (s) => {
        s.fault({ injected: 1000, possible: 1300, restart: { sidecar: 'a', downMs: 300 } });
        for (let n = 1; n <= 30; n++) s.update(`other-${n}`, 1100 + 10 * n, { version: n + 1 });
        s.update('1', 1100, maybe(), { call: transform, completed: 4100, deadline: 4100 });
      },
      (s) =>
        s
          .update('2', 5100, maybe(), { call: transform, completed: 8100, deadline: 8100 })
          .fault({ injected: 5000, possible: 5300, restart: { sidecar: 'a', downMs: 300 } }),
      'no call fails in a planned restart',
    );
  });

  test('calls that a fault after a planned restart ended, but none that ended before', () => {
    const restart = { injected: 1000, possible: 1300, restart: { sidecar: 'a', downMs: 300 } };
    expectBreach(
      (s) =>
        s
          .fault(restart)
          .fault({ injected: 2500, possible: 2700, sidecars: ['a'] })
          .update('1', 2200, maybe('UNAVAILABLE'), { completed: 2520 }),
      (s) => s.update('2', 2200, maybe('UNAVAILABLE'), { completed: 2400 }),
      'no call fails in a planned restart',
    );
  });

  test('a sidecar that is ready between two faults, but not long after', () => {
    const calls = (s: Story, from: number, to: number): Story => {
      for (let at = from; at < to; at += 50) s.update(`u${at}`, at, refused());
      return s;
    };
    expectBreach(
      (s) => {
        calls(s.update('1', 900, { version: 2 }), 1000, 9000);
        s.fault({ injected: 950, possible: 4500 }).fault({ injected: 4700, possible: 8900 });
        s.readiness.push({ sidecar: 'a', at: 4600, status: 200 });
      },
      (s) => s.readiness.push({ sidecar: 'a', at: 8000, status: 200 }),
      'readiness is truthful',
    );
  });

  test('calls that end late because the machine was paused', () => {
    const story = new Story().update('1', 100, maybe('DEADLINE_EXCEEDED'), { completed: 2000 });
    story.stalls.push({ process: 'p', from: 200, to: 1200 });
    expect(brokenBy(story.history)).toEqual([]);
  });
});
