/**
 * How many random inputs or steps a test tries: `count`, unless TEST_EFFORT asks for that many times more. Each count is
 * several times what found the faults that were planted to choose it.
 */
export function effort(count: number): number {
  return Math.ceil(count * Number(process.env['TEST_EFFORT'] ?? 1));
}
