import { FifoMap } from '../fifo-map';
import { createTokens } from './token';
import type { TokenOptions, Tokens, VerifiedToken } from './token';

/** About 300 bytes each. */
const maxTokens = 20_000;

/**
 * The same tokens, with a cache of recently verified ones: an HMAC and a hash are a large part of the cost of a read. Only genuine
 * tokens are cached, so forged ones cannot evict them. The time of a look-up does not depend on how much of a token is correct: the
 * map compares whole strings, after hashing with a seed of the process.
 */
export function cacheVerifiedTokens(tokens: Tokens): Tokens {
  const verified = new FifoMap<string, VerifiedToken>(maxTokens);
  return {
    issue: (handle) => tokens.issue(handle),
    derive: (id) => tokens.derive(id),
    verify(token) {
      // Verifying a busy token again now and then costs less than noting each use.
      const known = verified.get(token);
      if (known !== undefined) return known;
      const result = tokens.verify(token);
      if (result.valid) verified.set(token, result);
      return result;
    },
  };
}

/** Tokens whose signing keys can be replaced while they are in use. */
export interface ReplaceableTokens extends Tokens {
  /** From now on, only these keys sign and verify; the cache is cleared. */
  replaceKeys(keys: readonly Buffer[]): void;
}

/** @param keys the signing keys, at least one: the first signs, all verify. */
export function replaceableTokens(keys: readonly Buffer[], options?: TokenOptions): ReplaceableTokens {
  let current = cacheVerifiedTokens(createTokens(keys, options));
  return {
    issue: (handle) => current.issue(handle),
    derive: (id) => current.derive(id),
    verify: (token) => current.verify(token),
    replaceKeys: (next) => {
      current = cacheVerifiedTokens(createTokens(next, options));
    },
  };
}
