import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { createTokens } from '../../../server/src/tokens/token';
import { cacheVerifiedTokens } from '../../../server/src/tokens/token-cache';
import type { Target } from '../engine/target';

const keys = [Buffer.alloc(32, 'newest'), Buffer.alloc(32, 'older')];
const problems = ['malformed', 'bad_signature', 'unknown_key'];

/** As server/src/tokens/token.ts says that they are made, written again. */
function tokenOf(id: Buffer, key: Buffer): string {
  const text = id.toString('base64url');
  const keyId = createHash('sha256').update(key).digest().subarray(0, 2);
  const mac = createHmac('sha256', key).update(text).digest().subarray(0, 16);
  return `${text}.${Buffer.concat([keyId, mac]).toString('base64url')}`;
}

const issued = keys.flatMap((key) => [0, 1, 2, 255].map((byte) => tokenOf(Buffer.alloc(32, byte), key)));
const foreign = tokenOf(Buffer.alloc(32), Buffer.alloc(32, 'foreign'));

export const tokens: Target = {
  name: 'tokens',
  property: 'Only tokens that were issued verify; any other text has one of three problems, found in linear time.',
  guidedBy: ['server/src/tokens/token.ts', 'server/src/tokens/token-cache.ts'],
  seeds: [...issued, foreign, ''].map((text) => Buffer.from(text)),
  dictionary: ['.', '=', '-', '_', '+', '/', '\n', '\u0000', 'AAAA', issued[0]!.slice(0, 43), issued[0]!.slice(44)],
  maxSteps: (bytes) => 500 + 20 * bytes,
  open() {
    const verifiers = [createTokens(keys), cacheVerifiedTokens(createTokens(keys))];
    const all = new Set(issued);
    return Promise.resolve({
      run(input) {
        for (const text of [input.toString('utf8'), input.toString('latin1')]) {
          const expected = all.has(text);
          for (const tokens of [...verifiers, ...verifiers]) {
            const result = tokens.verify(text);
            assert.equal(result.valid, expected, `a token that was ${expected ? '' : 'not '}issued`);
            if (result.valid) {
              const id = Buffer.from(text.slice(0, 43), 'base64url');
              const secretHash = createHash('sha256').update(id.subarray(16)).digest('base64url');
              assert.deepEqual(result.ref, { handle: id.subarray(0, 16).toString('base64url'), secretHash });
            } else {
              assert.ok(problems.includes(result.problem), result.problem);
            }
          }
        }
      },
    });
  },
};
