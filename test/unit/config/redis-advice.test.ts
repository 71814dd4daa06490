import { describe, expect, test } from '@jest/globals';
import { ReplyError } from 'ioredis';
import { load, signingKey } from './loading';

const inForms = {
  url: { REDIS_URL: 'redis://u:p@cache:7000/99' },
  own: { SESSION_SIDECAR_REDIS_URL: 'redis://cache', REDIS_DB: '99', REDIS_USERNAME: 'u', REDIS_PASSWORD_FILE: '/p' },
  tls: { REDIS_URL: 'rediss://cache', REDIS_TLS_CA_FILE: '/ca' },
  cluster: { REDIS_CLUSTER_NODES: 'a:1' },
  sentinel: { REDIS_SENTINELS: 'a:1' },
} as const;

const files = { '/p': 'p', '/ca': '-----BEGIN CERTIFICATE-----\n' };

function advice(form: keyof typeof inForms, error: Error): string | undefined {
  return load({ env: { SIGNING_KEYS: signingKey, ...inForms[form] }, files }).advise(error);
}

function system(code: string, message = code): Error {
  return Object.assign(new Error(message), { code });
}

function reply(message: string, command = 'get'): Error {
  const ReplyErrorClass = ReplyError as unknown as new (message: string) => Error;
  return Object.assign(new ReplyErrorClass(message), { command: { name: command, args: ['s3cret'] } });
}

const parserError = Object.assign(new Error('Protocol error, got "\\u0015"'), { name: 'ParserError' });
const unreachable = (why: string) =>
  new Error(`All sentinels are unreachable. Retrying from scratch after 1.5ms.${why}`);

describe('an error of the connection to Redis names the setting and what to do', () => {
  test.each([
    ['url', reply('ERR DB index is out of range', 'select'), 'REDIS_URL', 'a database of that number'],
    ['own', reply('ERR DB index is out of range', 'select'), 'SESSION_SIDECAR_REDIS_DB', 'a database of that number'],
    ['url', reply('WRONGPASS invalid username-password pair'), 'REDIS_URL', 'does not accept this user'],
    [
      'own',
      reply('WRONGPASS invalid username-password pair'),
      'SESSION_SIDECAR_REDIS_USERNAME and SESSION_SIDECAR_REDIS_PASSWORD_FILE',
      'does not accept this user',
    ],
    ['tls', reply('NOAUTH Authentication required.'), 'SESSION_SIDECAR_REDIS_PASSWORD', 'asks for a password'],
    [
      'own',
      reply("NOPERM User u has no permissions to run the 'get' command"),
      'SESSION_SIDECAR_REDIS_USERNAME',
      'lacks a permission',
    ],
    ['url', system('ENOTFOUND'), 'REDIS_URL', 'does not exist'],
    ['url', system('EAI_AGAIN'), 'REDIS_URL', 'name server'],
    ['own', system('ECONNREFUSED'), 'SESSION_SIDECAR_REDIS_URL', 'Nothing listens there'],
    ['sentinel', system('ECONNREFUSED'), 'SESSION_SIDECAR_REDIS_SENTINELS', 'Nothing listens there'],
    ['url', new AggregateError([system('ECONNREFUSED'), system('ECONNREFUSED')]), 'REDIS_URL', 'Nothing listens there'],
    ['url', system('ENOENT'), 'REDIS_URL', 'no such socket'],
    ['url', system('EACCES'), 'REDIS_URL', 'may not use that socket'],
    ['url', system('ETIMEDOUT'), 'REDIS_URL', 'no answer'],
    ['url', system('ECONNRESET'), 'SESSION_SIDECAR_REDIS_TLS', 'at one end only'],
    ['url', parserError, 'SESSION_SIDECAR_REDIS_TLS', 'at one end only'],
    ['tls', system('ERR_SSL_WRONG_VERSION_NUMBER'), 'SESSION_SIDECAR_REDIS_TLS', 'at one end only'],
    [
      'tls',
      system('DEPTH_ZERO_SELF_SIGNED_CERT'),
      'SESSION_SIDECAR_REDIS_TLS_CA_FILE',
      'not signed by a trusted authority',
    ],
    [
      'tls',
      system('SELF_SIGNED_CERT_IN_CHAIN'),
      'SESSION_SIDECAR_REDIS_TLS_CA_FILE',
      'not signed by a trusted authority',
    ],
    [
      'tls',
      system('UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
      'SESSION_SIDECAR_REDIS_TLS_CA_FILE',
      'not signed by a trusted authority',
    ],
    ['tls', system('CERT_HAS_EXPIRED'), 'SESSION_SIDECAR_REDIS_TLS_CA_FILE', 'not valid'],
    ['tls', system('ERR_TLS_CERT_ALTNAME_INVALID'), 'REDIS_URL', 'another host name'],
    [
      'tls',
      system('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'),
      'SESSION_SIDECAR_REDIS_TLS_CERT_FILE',
      'client certificate',
    ],
    [
      'cluster',
      Object.assign(new Error('Failed to refresh slots cache.'), {
        name: 'ClusterAllFailedError',
        lastNodeError: reply('ERR This instance has cluster support disabled'),
      }),
      'SESSION_SIDECAR_REDIS_CLUSTER_NODES',
      'not a Cluster',
    ],
    [
      'cluster',
      Object.assign(new Error('Failed to refresh slots cache.'), {
        name: 'ClusterAllFailedError',
        lastNodeError: new Error('Connection is closed.'),
      }),
      'SESSION_SIDECAR_REDIS_CLUSTER_NODES',
      'No node of the Cluster can be reached',
    ],
    ['sentinel', unreachable(''), 'SESSION_SIDECAR_REDIS_SENTINEL_MASTER', 'do not know a master'],
    [
      'sentinel',
      unreachable(' Last error: ERR No such master with that name'),
      'SESSION_SIDECAR_REDIS_SENTINEL_MASTER',
      'do not know a master',
    ],
    [
      'sentinel',
      unreachable(' Last error: Connection is closed.'),
      'SESSION_SIDECAR_REDIS_SENTINELS',
      'No Sentinel can be reached',
    ],
    [
      'sentinel',
      unreachable(' Last error: WRONGPASS s3cret'),
      'SESSION_SIDECAR_REDIS_SENTINEL_USERNAME',
      'do not accept',
    ],
  ] as const)('with %s: %s', (form, error, setting, text) => {
    const given = advice(form, error) ?? '';
    expect(given.startsWith(`${setting}: `)).toBe(true);
    expect(given).toContain(text);
    expect(given).not.toContain('s3cret');
    expect(given).not.toContain('\n');
  });

  test('and gives no advice when none is known', () => {
    expect(advice('url', new Error('Connection is closed.'))).toBeUndefined();
    expect(advice('url', reply('ERR something else'))).toBeUndefined();
  });
});
