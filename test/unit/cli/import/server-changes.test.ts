import { expect, test } from '@jest/globals';
import { ServerChanges } from '../../../../server/src/cli/import/server-changes';

const part = (name: string, since: number, ready = true) => ({ name, since, ready, reason: undefined });

test('a server that was away, or gave its place to another, has changed; one that comes has not', () => {
  let parts = [part('a', 1), part('b', 2, false)];
  const changes = new ServerChanges(() => parts);
  const next = (...now: typeof parts): boolean => {
    parts = now;
    return changes.occurred();
  };
  expect(changes.occurred()).toBe(false);
  expect(next(part('a', 1), part('b', 3))).toBe(false);
  expect(next(part('a', 1), part('b', 3))).toBe(false);
  expect(next(part('a', 1), part('b', 4))).toBe(true);
  expect(next(part('a', 1), part('b', 4))).toBe(false);
  expect(next(part('a', 5, false), part('b', 4))).toBe(true);
  expect(next(part('a', 6), part('b', 4))).toBe(false);
  expect(next(part('a', 6), part('c', 7))).toBe(true);
});
