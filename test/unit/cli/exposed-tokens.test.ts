import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { refuseTokens } from '../../../server/src/cli/exposed-tokens';
import { createTokens, randomSigningKey } from '../../../server/src/tokens/token';

const tokens = createTokens([randomSigningKey()]);
const token = fc.string({ minLength: 1 }).map((id) => tokens.derive(id).token);
const words = fc.array(fc.stringMatching(/^[a-z-]{0,10}$/), { maxLength: 3 });

describe('a command line', () => {
  test.each(['', '--token=', '-t='])('with a token after "%s" is refused, without repeating it', (before) => {
    fc.assert(
      fc.property(words, token, words, (first, secret, last) => {
        const refusing = (): void => refuseTokens([...first, before + secret, ...last]);
        expect(refusing).toThrow(/^Tokens are not accepted on the command line/);
        expect(refusing).not.toThrow(secret);
      }),
    );
  });

  test.each([
    [['subject', 'list', 'c0ffee00-1234-4321-8888-0123456789ab']],
    [['check-config', '--redis-url=redis://user:password@cache.example.com:6379/0']],
    [['secret', 'new', '--json']],
    [[]],
  ])('without one is not: %j', (args) => {
    expect(() => refuseTokens(args)).not.toThrow();
  });
});
