import { describe, test } from '@jest/globals';
import { expectBreach } from './fixture';
import type { Story } from './fixture';

const promise = 'each change is encrypted with the key that comes first';

/** Two sidecars that change from one key to another, at 500 and 600, each within 50 ms. */
function changeKeys(s: Story): Story {
  for (const [sidecar, at] of [['a', 500] as const, ['b', 600] as const]) {
    s.keys.push({ sidecar, key: 'old', from: 0, to: at + 50 }, { sidecar, key: 'new', from: at, to: Infinity });
  }
  return s;
}

const sample = (s: Story, at: number, key: string): Story => {
  s.records.push({ handle: 'h', at, key });
  return s;
};

describe('the checker rejects a history in which a record', () => {
  test('is under the old key, though changed since', () => {
    expectBreach(
      (s) => sample(sample(changeKeys(s).update('1', 630, { version: 2 }), 700, 'old'), 1000, 'new'),
      (s) => sample(s.update('2', 900, { version: 3 }), 1000, 'old'),
      promise,
    );
  });

  test('is under the new key, though not changed since, and not used to encrypt yet', () => {
    expectBreach(
      (s) => sample(changeKeys(s), 550, 'new'),
      (s) => sample(s, 450, 'new'),
      promise,
    );
  });

  test('is in clear', () => {
    expectBreach(
      (s) => sample(changeKeys(s), 100, 'old'),
      (s) => sample(s, 200, 'none'),
      promise,
    );
  });
});

describe('the checker excuses', () => {
  test('an old key after a failover has lost the last change, but not otherwise', () => {
    const failover = { injected: 800, possible: 1000, loss: { what: 'recent', from: 800, until: 1000 } } as const;
    expectBreach(
      (s) => sample(changeKeys(s).fault(failover).update('1', 900, { version: 2 }), 1200, 'old'),
      (s) => s.faults.splice(0),
      promise,
    );
  });
});
