import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ConfigError, helpText } from '../../../../server/src/config';
import { load, signingKey } from '../loading';
import type { Given } from '../loading';

/** Mistakes that put a secret where it does not belong, and places where it does. */
const carriers: Readonly<Record<string, (secret: string) => Given>> = {
  'the password': (secret) => ({ env: { REDIS_PASSWORD: secret, REDIS_URL: 'redis://cache' } }),
  'the password of the Sentinels': (secret) => ({ env: { REDIS_SENTINEL_PASSWORD: secret, REDIS_SENTINELS: 'a:1' } }),
  'a password for nothing': (secret) => ({ env: { REDIS_PASSWORD: secret } }),
  'the password twice': (secret) => ({ env: { REDIS_PASSWORD: secret, REDIS_PASSWORD_FILE: secret } }),
  'the password as a file': (secret) => ({ env: { REDIS_PASSWORD_FILE: secret, REDIS_URL: 'redis://cache' } }),
  'the password in a file': (secret) => ({
    env: { REDIS_PASSWORD_FILE: '/f', REDIS_URL: 'redis://cache' },
    files: { '/f': secret },
  }),
  'the URL': (secret) => ({ env: { REDIS_URL: secret } }),
  'our URL': (secret) => ({ env: { SESSION_SIDECAR_REDIS_URL: secret } }),
  'the URL as a file': (secret) => ({ env: { SESSION_SIDECAR_REDIS_URL_FILE: secret } }),
  'the password in the URL': (secret) => ({ env: { REDIS_URL: `redis://:${secret}@cache` } }),
  'the password, encoded, in the URL': (secret) => ({
    env: { REDIS_URL: `redis://u:${encodeURIComponent(secret)}@cache` },
  }),
  'the password in the URL and beside it': (secret) => ({
    env: { REDIS_URL: `redis://u:${encodeURIComponent(secret)}@cache`, REDIS_PASSWORD: secret },
  }),
  'the password in a URL of another protocol': (secret) => ({ env: { REDIS_URL: `http://:${secret}@cache` } }),
  'the password as the protocol': (secret) => ({ env: { REDIS_URL: `${secret}:6379` } }),
  'the password as the host': (secret) => ({ env: { REDIS_URL: `redis://${secret}#x` } }),
  'the password as the database': (secret) => ({ env: { REDIS_URL: `redis://cache/${secret}` } }),
  'the password as a parameter': (secret) => ({ env: { REDIS_URL: `redis://cache?password=${secret}` } }),
  'a URL as the nodes of a Cluster': (secret) => ({ env: { REDIS_CLUSTER_NODES: `redis://:${secret}@cache:6379` } }),
  'a URL as a Sentinel': (secret) => ({ args: ['--redis-sentinels', `a:1,:${secret}@b:6379`] }),
  'the signing key': (secret) => ({ env: { SIGNING_KEYS: secret } }),
  'the second signing key': (secret) => ({ env: { SIGNING_KEYS: `${signingKey},${secret}` } }),
  'a good signing key': (secret) => ({ env: { SIGNING_KEYS: Buffer.from(secret.repeat(4)).toString('base64') } }),
  'the signing key as a file': (secret) => ({ env: { SIGNING_KEYS_FILE: secret } }),
  'the signing key in a file': (secret) => ({ env: { SIGNING_KEYS_FILE: '/f' }, files: { '/f': secret } }),
  'the key of the certificate as a file': (secret) => ({
    env: { REDIS_TLS_KEY_FILE: secret, REDIS_TLS_CERT_FILE: secret, REDIS_URL: 'rediss://cache' },
  }),
  'the key of the certificate in a file': (secret) => ({
    env: { REDIS_TLS_KEY_FILE: '/f', REDIS_URL: 'rediss://cache' },
    files: { '/f': secret },
  }),
  'the password as a flag': (secret) => ({ args: ['--redis-password', secret] }),
  'the password as a flag with =': (secret) => ({ args: [`--redis-password=${secret}`] }),
  'the password for a flag that is none': (secret) => ({ args: ['--password', secret] }),
  'the password for a flag that is none, with =': (secret) => ({ args: [`--password=${secret}`] }),
  'the password as a short flag': (secret) => ({ args: [`-p${secret}`] }),
  'the password and nothing else': (secret) => ({ args: [secret] }),
  'the password as the name of a flag': (secret) => ({ args: [`--${secret}`] }),
};

describe('a secret', () => {
  // Long enough not to be found by chance, and no word of --help or of a flag.
  const secrets = fc
    .string({ minLength: 8, maxLength: 40, unit: 'grapheme-ascii' })
    .map((text) => `S3${text.trim().replaceAll(',', '.')}Z`);

  test.each(Object.entries(carriers))('given as %s is in no message and no output', (_, carry) => {
    const run = (secret: string): void => {
      const printed = printedFor(carry(secret));
      expect(printed).not.toContain(secret);
      expect(printed).not.toContain(encodeURIComponent(secret));
    };
    // When it fails, fast-check prints the seed that repeats it.
    fc.assert(fc.property(secrets, run), { examples: [['S3-----BEGIN PRIVATE KEY-----Z'], ['S3%zzZ'], ['S3://x@yZ']] });
  });

  test('would be found by this test', () => {
    expect(printedFor({ env: { LOG_LEVEL: 'S3somethingZ' } })).toContain('S3somethingZ');
    expect(
      printedFor({ env: { REDIS_KEY_PREFIX: 'S3somethingZ', SIGNING_KEYS: signingKey, REDIS_URL: 'redis://cache' } }),
    ).toContain('S3somethingZ');
  });
});

/** Of no settings in particular. */
const help = helpText();

/** Everything that a start prints of the settings. */
function printedFor(given: Given): string {
  try {
    const { warnings, effective } = load(given);
    return [...warnings, ...Object.entries(effective).flat(), help].join('\n');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return `${error.message}\n${error.problems.join('\n')}\n${error.stack ?? ''}`;
  }
}
