import { describe, test } from '@jest/globals';
import { expectBreach, maybe, refused } from './fixture';
import type { Story } from './fixture';

const promise = 'a merging save writes what it has changed, and nothing else';

/** A read that shows what merging saves have left. */
const shows = (s: Story, id: string, at: number, version: number, merged: { m?: string; n?: string }): Story =>
  s.read(id, at, version, ['s'], {}, { merged });

describe('the checker rejects a history in which a merging save', () => {
  test('overwrites a key that another request has written', () => {
    expectBreach(
      (s) => shows(s.merge('1', 100, { sets: 'm' }, { version: 2 }), 'r', 200, 2, { m: '1' }),
      (s) => shows(s.merge('2', 300, { sets: 'n' }, { version: 3 }), 'r2', 400, 3, { n: '2' }),
      promise,
    );
  });

  test('overwrites the log that another request has extended', () => {
    expectBreach(
      (s) => s.merge('1', 100, { sets: 'm' }, { version: 3 }, { completed: 140 }).update('2', 110, { version: 2 }),
      (s) => shows(s, 'r', 200, 3, { m: '1' }),
      'no acknowledged change is lost',
    );
  });

  test('is lost', () => {
    expectBreach(
      (s) => shows(s.merge('1', 100, { sets: 'm' }, { version: 2 }), 'r', 200, 2, { m: '1' }),
      (s) => shows(s, 'r2', 300, 2, {}),
      promise,
    );
  });

  test('is applied in part', () => {
    expectBreach(
      (s) =>
        shows(
          s
            .merge('1', 100, { sets: 'n' }, { version: 2 })
            .merge('2', 200, { sets: 'm', deletes: 'n' }, { version: 3, deleted: true }),
          'r',
          300,
          3,
          { m: '2' },
        ),
      (s) => shows(s, 'r2', 400, 3, { m: '2', n: '1' }),
      promise,
    );
  });

  test('deletes a key that it did not have', () => {
    expectBreach(
      (s) =>
        shows(
          s
            .merge('1', 100, { sets: 'n' }, { version: 2 })
            .merge('2', 200, { sets: 'm', deletes: 'n' }, { version: 3, deleted: false }),
          'r',
          300,
          3,
          { m: '2', n: '1' },
        ),
      (s) => shows(s, 'r2', 400, 3, { m: '2' }),
      promise,
    );
  });

  test('was refused, and takes effect', () => {
    expectBreach(
      (s) => shows(s.merge('1', 100, { sets: 'm' }, maybe()), 'r', 300, 2, { m: '1' }),
      (s) => s.operations.splice(1, 1, { ...s.operations[1]!, outcome: refused() }),
      promise,
    );
  });

  test('takes effect after its caller has given up', () => {
    const late = { completed: 200, deadline: 200 };
    expectBreach(
      (s) =>
        s
          .merge('1', 100, { sets: 'm' }, maybe('DEADLINE_EXCEEDED'), late)
          .merge('2', 500, { sets: 'm' }, { version: 3 }),
      (s) => shows(s, 'r', 600, 4, { m: '1' }),
      promise,
    );
  });

  test('fails because of a conflict', () => {
    expectBreach(
      (s) => s.merge('1', 100, { sets: 'm' }, maybe()),
      (s) => s.merge('2', 200, { sets: 'm' }, refused('VERSION_MISMATCH')),
      'every failure is documented',
    );
  });
});

describe('the checker excuses', () => {
  test('the loss of a merging save by a failover, but not by a later one', () => {
    const failover = { injected: 1000, possible: 2000, loss: { what: 'recent', from: 1000, until: 2000 } } as const;
    expectBreach(
      (s) => shows(s.fault(failover).merge('1', 1500, { sets: 'm' }, { version: 2 }), 'r', 2500, 1, {}),
      (s) => shows(s.merge('2', 2600, { sets: 'm' }, { version: 2 }), 'r2', 2700, 2, {}),
      promise,
    );
  });
});
