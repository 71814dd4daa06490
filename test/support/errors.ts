/** The message of what a function throws; `undefined`: nothing. */
export function messageOf(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return undefined;
}
