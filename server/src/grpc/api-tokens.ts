import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * The API tokens that callers may present. They can be replaced at any time; the time of a comparison reveals nothing about them.
 */
export class ApiTokens {
  #digests: readonly Buffer[] | undefined;
  #onReplaced: (() => void) | undefined;

  /** @param tokens `undefined`: callers need none */
  constructor(tokens: readonly string[] | undefined) {
    this.#digests = tokens?.map(digestOf);
  }

  /** @param handle called when the tokens have changed */
  onReplaced(handle: () => void): void {
    this.#onReplaced = handle;
  }

  /** From now on, only these tokens are accepted. */
  replace(tokens: readonly string[] | undefined): void {
    this.#digests = tokens?.map(digestOf);
    this.#onReplaced?.();
  }

  /** @returns the argument of {@link accept}: the digest of the token in `authorization: Bearer <token>`, if there is one */
  digestOf(authorization: string | undefined): Buffer | undefined {
    if (this.#digests === undefined || authorization === undefined) return undefined;
    const [, token] = /^Bearer +(\S+) *$/i.exec(authorization) ?? [];
    return token === undefined ? undefined : digestOf(token);
  }

  /** Compares with each token, so that the time does not depend on which one matches. */
  accept(digest: Buffer | undefined): boolean {
    if (this.#digests === undefined) return true;
    if (digest === undefined) return false;
    let found = false;
    for (const known of this.#digests) found = timingSafeEqual(known, digest) || found;
    return found;
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
