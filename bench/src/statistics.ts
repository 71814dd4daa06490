/** A round of ours, and the same round of theirs right after it. */
export type Pair<T> = readonly [ours: T, theirs: T];

export interface Comparison {
  /** Medians over the rounds. */
  readonly ours: number;
  readonly theirs: number;
  /** The median of the pairs' ratios, not the ratio of the medians, because a disturbance of both rounds of a pair cancels out. */
  readonly ratio: number;
  /** The smallest and the largest ratio of a pair. */
  readonly min: number;
  readonly max: number;
}

export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('The median of no values is undefined.');
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The smallest value that at least a `part` of the values do not exceed. @param part 0.99 for the 99th percentile */
export function percentile(values: readonly number[], part: number): number {
  if (values.length === 0) throw new RangeError('A percentile of no values is undefined.');
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)]!;
}

export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('The mean of no values is undefined.');
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** Compares the two sides by one figure of their rounds. */
export function compare<T>(pairs: readonly Pair<T>[], figure: (round: T) => number): Comparison {
  const figures = pairs.map(([ours, theirs]): Pair<number> => [figure(ours), figure(theirs)]);
  // CPU time is counted in ticks, so it can be 0 in a short round of a side that does little.
  const ratios = figures.map(([ours, theirs]) => ours / theirs).filter(Number.isFinite);
  return {
    ours: median(figures.map(([ours]) => ours)),
    theirs: median(figures.map(([, theirs]) => theirs)),
    ratio: median(ratios),
    min: Math.min(...ratios),
    max: Math.max(...ratios),
  };
}

/** Alternates between rounds of ours and of theirs: A B A B … */
export async function alternate<T>(
  rounds: number,
  ours: () => Promise<T>,
  theirs: () => Promise<T>,
): Promise<readonly Pair<T>[]> {
  const pairs: Pair<T>[] = [];
  for (let round = 0; round < rounds; round++) pairs.push([await ours(), await theirs()]);
  return pairs;
}
