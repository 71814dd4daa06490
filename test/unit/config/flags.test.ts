import { describe, expect, test } from '@jest/globals';
import { load, problemsOf } from './loading';

describe('the command line', () => {
  const nothingElse = 'Expected --flags and their values on the command line and nothing else; --help lists them.';

  test('the last of two equal flags counts, with a warning', () => {
    const { config, warnings } = load({ args: ['--max-keys', '5', '--max-keys=7'] });
    expect(config.limits.maxKeys).toBe(7);
    expect(warnings).toEqual(['--max-keys is given more than once; the last value counts.']);
  });

  test.each([
    [
      ['--max-key', '5', '6'],
      ['--max-key: Unknown flag. Did you mean --max-keys?', nothingElse],
    ],
    [['--max-key=5'], ['--max-key: Unknown flag. Did you mean --max-keys?']],
    [['--no-redis-ttl'], ['--no-redis-ttl: Unknown flag. Did you mean --redis-ttl?']],
    [['--hlep'], ['--hlep: Unknown flag. Did you mean --help?']],
    [['--verbose'], ['--verbose: Unknown flag; --help lists them.']],
    [['--MAX_KEYS', '5'], ['Unknown flag. Did you mean --max-keys?']],
    [['--maxKeys=5'], ['Unknown flag. Did you mean --max-keys?']],
    [
      ['-max-keys', '5'],
      [`${nothingElse} Did you mean --max-keys?`, nothingElse],
    ],
    [['max-keys=5'], [`${nothingElse} Did you mean --max-keys?`]],
    [['--max-keys'], ['--max-keys: Expected a value, got none.']],
    [
      ['--max-keys', '--max-flash-messages', '--log-level', 'debug'],
      ['--max-keys: Expected a value, got none.', '--max-flash-messages: Expected a value, got none.'],
    ],
    [
      ['--redis-password-file', '/s3cret'],
      [
        '--redis-password-file: Unknown flag. Set SESSION_SIDECAR_REDIS_PASSWORD or SESSION_SIDECAR_REDIS_PASSWORD_FILE.',
      ],
    ],
    [['s3cret'], [nothingElse]],
    [['-x', '-s3cret', 's3cret', '--', 's3cret'], [nothingElse]],
    [['--S3CRET/x='], ['Unknown flag; --help lists them.']],
    [
      ['--redis-password', 's3cret'],
      [
        '--redis-password: Secrets are not accepted on the command line, which other processes can read. Set SESSION_SIDECAR_REDIS_PASSWORD or SESSION_SIDECAR_REDIS_PASSWORD_FILE.',
      ],
    ],
    [
      ['--signing-keys=s3cret'],
      [
        '--signing-keys: Secrets are not accepted on the command line, which other processes can read. Set SESSION_SIDECAR_SIGNING_KEYS or SESSION_SIDECAR_SIGNING_KEYS_FILE.',
      ],
    ],
  ])('%p is refused', (args, problems) => {
    expect(problemsOf({ args })).toEqual(problems);
  });
});
