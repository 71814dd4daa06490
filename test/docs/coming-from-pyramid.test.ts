import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const root = join(__dirname, '..', '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const text = read('docs/guide/coming-from-pyramid.md');

/** The settings of pyramid_redis_sessions 1.1.0. */
const settingsOfRedisSessions = [
  ...['secret', 'timeout'],
  ...['cookie_name', 'cookie_max_age', 'cookie_path', 'cookie_domain', 'cookie_secure', 'cookie_httponly'],
  ...['cookie_on_exception', 'url', 'host', 'port', 'db', 'password', 'socket_timeout', 'connection_pool'],
  ...['encoding', 'encoding_errors', 'unix_socket_path', 'client_callable', 'serialize', 'deserialize'],
  ...['id_generator', 'prefix'],
];

/** The settings of pyramid_session_redis 1.8.1. */
const settingsOfSessionRedis = [
  ...['secret', 'cookie_signer', 'timeout', 'timeout_trigger', 'python_expires', 'set_redis_ttl'],
  ...['set_redis_ttl_readheavy', 'detect_changes', 'deserialized_fails_new', 'invalidate_empty_session'],
  ...['func_check_response_allow_cookies', 'func_invalid_logger'],
  ...['cookie_name', 'cookie_max_age', 'cookie_path', 'cookie_domain', 'cookie_secure', 'cookie_httponly'],
  ...['cookie_on_exception', 'cookie_expires', 'cookie_comment', 'cookie_samesite'],
  ...['redis_url', 'redis_host', 'redis_port', 'redis_db', 'redis_password', 'redis_unix_socket_path'],
  ...['redis_socket_timeout', 'redis_encoding', 'redis_encoding_errors', 'redis_connection_pool'],
  ...['redis_client_callable', 'serialize', 'deserialize', 'id_generator', 'prefix'],
];

/** The settings in the first column of a section's first table. */
function settingsIn(heading: string): string[] {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const [table = ''] = /(?:^\|.*\n)+/m.exec(section) ?? [];
  const rows = table.split('\n').slice(2);
  return rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
}

/* test/interop/pyramid tests every row. */
describe('docs/guide/coming-from-pyramid.md', () => {
  test.each([
    ['pyramid_redis_sessions', settingsOfRedisSessions],
    ['pyramid_session_redis', settingsOfSessionRedis],
  ])('has a row for every setting of %s, and for no other', (library, settings) => {
    expect(settingsIn(`Settings of ${library}`).sort()).toEqual([...settings].sort());
  });

  test('names only settings of the sidecar that exist', () => {
    const configuration = read('docs/reference/configuration.md');
    const named = new Set(text.match(/(?:SESSION_SIDECAR|REDIS)_[A-Z_]*[A-Z]/g));
    expect(named.size).toBeGreaterThan(12);
    expect([...named].filter((name) => !new RegExp(`\\b${name}\\b`).test(configuration))).toEqual([]);
  });

  test('start-up names only settings of the sidecar that exist', () => {
    const configuration = read('docs/reference/configuration.md');
    const code = read('client/python/session_sidecar/pyramid/former_settings.py');
    const named = new Set(code.match(/(?:SESSION_SIDECAR|REDIS)_[A-Z_]*[A-Z]\b/g));
    expect(named.size).toBeGreaterThan(8);
    expect([...named].filter((name) => !new RegExp(`\\b${name}\\b`).test(configuration))).toEqual([]);
  });
});
