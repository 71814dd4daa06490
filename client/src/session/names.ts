const maxBytes = 256;

/**
 * Refuses keys and names of flash queues that the sidecar does not accept, before they are recorded: otherwise each save would
 * fail.
 *
 * @throws TypeError that contains nothing of the name
 */
export function assertName(what: string, name: unknown, { mayBeEmpty = false } = {}): asserts name is string {
  if (typeof name !== 'string') throw new TypeError(`Expected ${what} to be a string, got ${typeof name}`);
  const bytes = Buffer.byteLength(name);
  const minBytes = mayBeEmpty ? 0 : 1;
  let got: string | undefined;
  if (bytes < minBytes || bytes > maxBytes) got = `${bytes} bytes`;
  else if (/\p{Cc}/u.test(name)) got = 'a control character';
  // Both are sent as U+FFFD, so that two such names could not be distinguished.
  else if (/\p{Surrogate}|\ufffd/u.test(name)) got = 'invalid UTF-8';
  if (got === undefined) return;
  throw new TypeError(
    `Expected ${what} to be ${minBytes} to ${maxBytes} bytes of UTF-8 without control characters, got ${got}`,
  );
}
