import { describe, expect, test } from '@jest/globals';
import { load, problemsOf } from './loading';

const adminOf = (env: Readonly<Record<string, string>>) => load({ env }).config.admin;
const token = 'a-token-for-operators';

describe('the administration service', () => {
  test('does not exist without an address', () => {
    expect(adminOf({})).toBeUndefined();
    expect(adminOf({ ADMIN_TOKENS: token })).toBeUndefined();
    expect(load({ env: { ADMIN_TOKENS: token } }).warnings).toEqual([
      'SESSION_SIDECAR_ADMIN_TOKENS has no effect: SESSION_SIDECAR_ADMIN_ADDRESS is not set.',
    ]);
  });

  test('needs no token on a Unix socket, which only its user may open', () => {
    expect(adminOf({ ADMIN_ADDRESS: 'unix:/run/admin.sock' })).toEqual({
      addresses: [{ kind: 'unix', path: '/run/admin.sock' }],
      tokens: undefined,
      socketMode: 0o600,
    });
  });

  test.each(['127.0.0.1:50052', 'unix:/run/admin.sock,[::1]:50052'])('needs a token on %s', (address) => {
    expect(problemsOf({ env: { ADMIN_ADDRESS: address } })).toEqual([
      `SESSION_SIDECAR_ADMIN_ADDRESS: Expected unix:/path without a token, because every process of the pod can reach TCP, got \`${address}\`. To serve it on TCP, set SESSION_SIDECAR_ADMIN_TOKENS.`,
    ]);
    expect(adminOf({ ADMIN_ADDRESS: address, ADMIN_TOKENS: token })).toMatchObject({ tokens: [token] });
  });

  test('is not reachable from outside the pod', () => {
    const env = { ADMIN_ADDRESS: '0.0.0.0:50052', ADMIN_TOKENS: token };
    expect(problemsOf({ env })).toEqual([expect.stringMatching(/^SESSION_SIDECAR_ADMIN_ADDRESS: Expected loopback/)]);
  });

  test('has tokens that applications do not have', () => {
    const env = {
      ADMIN_ADDRESS: '127.0.0.1:50052',
      ADMIN_TOKENS: `${token} ${token}2`,
      API_TOKENS: `another-${token} ${token}`,
    };
    expect(problemsOf({ env })).toEqual([
      'SESSION_SIDECAR_ADMIN_TOKENS: Expected tokens of its own, got one that is also in SESSION_SIDECAR_API_TOKENS.',
    ]);
  });
});
