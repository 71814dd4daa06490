import { describe, expect, test } from '@jest/globals';
import { load, problemsOf } from './loading';

const inspectorOf = (env: Readonly<Record<string, string>>) => load({ env }).config.inspector;

describe('the inspector', () => {
  test('does not exist without an address', () => {
    expect(inspectorOf({})).toBeUndefined();
  });

  test.each(['127.0.0.1:9465', '127.8.8.8:0', 'localhost:9465', '[::1]:9465'])(
    'may listen on loopback: %s',
    (address) => {
      expect(problemsOf({ env: { INSPECTOR_ADDRESS: address } })).toEqual([]);
    },
  );

  test.each([
    ':9465',
    '0.0.0.0:9465',
    '[::]:9465',
    '10.0.0.7:9465',
    'localhost.example:9465',
    '127.0.0.1.example:9465',
  ])('may listen on %s only if that is allowed', (address) => {
    expect(problemsOf({ env: { INSPECTOR_ADDRESS: address } })).toEqual([
      expect.stringMatching(
        /^SESSION_SIDECAR_INSPECTOR_ADDRESS: Expected loopback, .* set SESSION_SIDECAR_INSPECTOR_REMOTE=on\.$/,
      ),
    ]);
    expect(problemsOf({ env: { INSPECTOR_ADDRESS: address, INSPECTOR_REMOTE: 'off' } })).toHaveLength(1);
    expect(problemsOf({ env: { INSPECTOR_ADDRESS: address, INSPECTOR_REMOTE: 'on' } })).toEqual([]);
  });

  test('knows host names in lower case', () => {
    const env = { INSPECTOR_ADDRESS: '127.0.0.1:0', INSPECTOR_HOSTS: 'Ops.Example.com, ops' };
    expect(inspectorOf(env)).toMatchObject({ hosts: ['ops.example.com', 'ops'] });
  });

  test('shows sessions only if that is allowed', () => {
    const env = { INSPECTOR_ADDRESS: '127.0.0.1:0' };
    const address = { host: '127.0.0.1', port: 0 };
    expect(inspectorOf(env)).toEqual({ address, hosts: [], subjects: false });
    expect(inspectorOf({ ...env, INSPECTOR_SUBJECTS: 'on' })).toEqual({ address, hosts: [], subjects: true });
  });

  test.each(['http://ops', 'ops:80', '*', '-ops', 'ops/', ''])(
    'refuses "%s" as a host name, unless it is empty',
    (name) => {
      expect(problemsOf({ env: { INSPECTOR_HOSTS: name } })).toHaveLength(name === '' ? 0 : 1);
    },
  );

  test('warns of settings that have no effect without an address', () => {
    expect(load({ env: { INSPECTOR_REMOTE: 'on' } }).warnings).toEqual([
      'SESSION_SIDECAR_INSPECTOR_REMOTE has no effect: SESSION_SIDECAR_INSPECTOR_ADDRESS is not set.',
    ]);
  });
});
