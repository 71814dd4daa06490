import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * The API tokens that let a caller in. Which they are can change at any time; how long a comparison takes says nothing about
 * them.
 */
export class ApiTokens {
  /** Called when the tokens have changed. */
  onReplaced: () => void = () => {};
  #digests: readonly Buffer[] | undefined;

  /** @param tokens `undefined`: none is needed */
  constructor(tokens: readonly string[] | undefined) {
    this.#digests = tokens?.map(digestOf);
  }

  /** From now on, these tokens are needed, and no others will do. */
  replace(tokens: readonly string[] | undefined): void {
    this.#digests = tokens?.map(digestOf);
    this.onReplaced();
  }

  /** @returns what {@link accept} takes: the digest of the token in `authorization: Bearer <token>`, if there is one */
  digestOf(authorization: string | undefined): Buffer | undefined {
    if (this.#digests === undefined || authorization === undefined) return undefined;
    const [, token] = /^Bearer +(\S+) *$/i.exec(authorization) ?? [];
    return token === undefined ? undefined : digestOf(token);
  }

  /** Compares with each, so that it takes the same time whichever it is. */
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
