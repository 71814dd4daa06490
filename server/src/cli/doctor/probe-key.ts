import { randomBytes } from 'node:crypto';

/**
 * A key that no session has, below the prefix of sessions, which the ACL user is limited to.
 *
 * @param suits whether a key is on the server that is examined
 */
export function probeKey(keyPrefix: string, suits: (key: string) => boolean): string {
  for (;;) {
    const key = `${keyPrefix}doctor-${randomBytes(16).toString('base64url')}`;
    if (suits(key)) return key;
  }
}
