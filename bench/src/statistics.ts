/** A round of ours and, right after it, the same round of theirs. */
export type Pair<T> = readonly [ours: T, theirs: T];

export interface Comparison {
  /** Medians over the rounds. */
  readonly ours: number;
  readonly theirs: number;
  /** The median of the ratios of the pairs, which is not the ratio of the medians: what disturbs both rounds of a pair cancels out. */
  readonly ratio: number;
  /** The smallest and the largest ratio of a pair. */
  readonly min: number;
  readonly max: number;
}

export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('No values have no median.');
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** @param part 0.99: the value that 99 % of the values do not exceed */
export function percentile(values: readonly number[], part: number): number {
  if (values.length === 0) throw new RangeError('No values have no percentile.');
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)]!;
}

export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('No values have no mean.');
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** Compares one figure of the rounds. */
export function compare<T>(pairs: readonly Pair<T>[], figure: (round: T) => number): Comparison {
  const figures = pairs.map(([ours, theirs]): Pair<number> => [figure(ours), figure(theirs)]);
  // CPU time comes in ticks: in a short round of a side that does little, it may be none at all.
  const ratios = figures.map(([ours, theirs]) => ours / theirs).filter(Number.isFinite);
  return {
    ours: median(figures.map(([ours]) => ours)),
    theirs: median(figures.map(([, theirs]) => theirs)),
    ratio: median(ratios),
    min: Math.min(...ratios),
    max: Math.max(...ratios),
  };
}

/** A B A B …: each round of ours is followed by one of theirs. */
export async function alternate<T>(
  rounds: number,
  ours: () => Promise<T>,
  theirs: () => Promise<T>,
): Promise<readonly Pair<T>[]> {
  const pairs: Pair<T>[] = [];
  for (let round = 0; round < rounds; round++) pairs.push([await ours(), await theirs()]);
  return pairs;
}
