import type { Operation } from '../history';

/**
 * The periods between two answers in which all calls failed, each as the list of these failures in the order of their invocation. Does
 * not include calls that were invoked before the first answer or ended after the second, because these overlap with an answer.
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

/** How many of the sorted numbers do not exceed `limit`. */
function countUpTo(sorted: readonly number[], limit: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
