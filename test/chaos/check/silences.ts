import type { Operation } from '../history';

/**
 * The times between two answers in which calls were made and all failed, as those failures, by when they were asked for. A call that was
 * asked for before the first answer, or ended after the second, says nothing of the time between.
 */
export function silences(answered: readonly Operation[], failures: readonly Operation[]): Operation[][] {
  const ends = answered.map(({ completed }) => completed).sort((a, b) => a - b);
  const byGap = new Map<number, Operation[]>();
  for (const failure of [...failures].sort((a, b) => a.invoked - b.invoked)) {
    const gap = countUpTo(ends, failure.invoked);
    if (countUpTo(ends, failure.completed) !== gap) continue;
    byGap.set(gap, [...(byGap.get(gap) ?? []), failure]);
  }
  return [...byGap.values()];
}

/** How many of the sorted numbers are not above one. */
function countUpTo(sorted: readonly number[], limit: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
