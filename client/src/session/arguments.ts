/* Checks of the arguments of a session's methods. */

export function assertOnConflict(onConflict: unknown): void {
  if (onConflict === undefined || onConflict === 'merge' || onConflict === 'fail') return;
  const got = typeof onConflict === 'string' ? `\`${onConflict}\`` : typeof onConflict;
  throw new TypeError(`Expected \`onConflict\` to be merge or fail, got ${got}`);
}

export const graceRange = { min: 1, max: 30_000 };

const idleTimeoutRange = { min: 1000, max: 10 * 365.25 * 24 * 3_600_000 };

export function assertIdleTimeout(timeout: unknown): void {
  if (timeout === 'never') return;
  const { min, max } = idleTimeoutRange;
  if (Number.isInteger(timeout) && (timeout as number) >= min && (timeout as number) <= max) return;
  throw new RangeError(
    `Expected \`timeout\` to be 'never' or a whole number of milliseconds from ${min} to ${max}, got \`${String(timeout)}\` (${typeof timeout})`,
  );
}

export function assertText(name: string, text: unknown): void {
  if (text === undefined || typeof text === 'string') return;
  throw new TypeError(`Expected \`${name}\` to be a string or undefined, got ${typeof text}`);
}
