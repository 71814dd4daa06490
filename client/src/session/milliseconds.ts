interface Range {
  readonly min: number;
  readonly max: number;
}

/** @throws RangeError naming the option unless its value is a whole number of milliseconds in the range */
export function assertMilliseconds(name: string, value: unknown, { min, max }: Range): asserts value is number {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return;
  throw new RangeError(
    `Expected \`${name}\` to be a whole number of milliseconds from ${min} to ${max}, got \`${String(value)}\` (${typeof value})`,
  );
}
