import { describe, expect, test } from '@jest/globals';
import type { Logger } from 'pino';
import { reportReplacedTokens } from '../../server/src/replaced-tokens';

describe('reportReplacedTokens()', () => {
  let now = 0;
  let counted = 0;
  const lines: unknown[][] = [];
  const logger = { warn: (...line: unknown[]) => lines.push(line) } as unknown as Logger;
  const report = reportReplacedTokens({ replacedTokenUsed: () => (counted += 1) }, logger, () => now);

  test('counts each use, and logs one a minute with the handle', () => {
    for (const [at, handle] of [
      [0, 'a'],
      [1, 'b'],
      [59_999, 'c'],
      [60_000, 'd'],
      [61_000, 'e'],
    ] as const) {
      now = at;
      report(handle);
    }
    expect(counted).toBe(5);
    const text = 'a replaced token was used after its grace: it may be stolen';
    expect(lines).toEqual([
      [{ handle: 'a' }, text],
      [{ handle: 'd' }, text],
    ]);
  });
});
