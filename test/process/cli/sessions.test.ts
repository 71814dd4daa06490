import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { ServingProcess } from '../../support/process';
import { signingKey } from '../../support/process';
import { connectRaw } from '../../support/raw-grpc';
import type { RawClient } from '../../support/raw-grpc';
import { stackForAllTests } from '../../support/stack';
import { json, onTerminal, run } from './fixture';

const stack = stackForAllTests();
const token = 'a-token-for-operators-only';

let sidecar: ServingProcess;
let client: RawClient;
let settings: Readonly<Record<string, string>>;

beforeAll(async () => {
  const address = `unix:${join(stack.directory(), 'admin.sock')}`;
  settings = { ADMIN_ADDRESS: address, ADMIN_TOKENS: token };
  sidecar = await stack.process({ settings: { ...settings, SIGNING_KEYS: signingKey, RECORD_SIGNING_KEY: 'on' } });
  client = stack.use(connectRaw(sidecar.address));
});

const signIn = (subject?: string) => client.call('createSession', { subject });
const revoke = (...args: readonly string[]) => json(['sessions', 'revoke', ...args], { settings });

describe('sessions count', () => {
  test('counts exactly, and estimates', async () => {
    await Promise.all([signIn(), signIn(), signIn()]);
    expect(run(['sessions', 'count'], { settings })).toEqual({ exit: 'ok', stdout: '3 sessions.\n', stderr: '' });
    expect(json(['sessions', 'count'], { settings })).toEqual({ count: 3, done: true });
    expect(run(['sessions', 'count', '--estimate'], { settings }).stdout).toBe('3 sessions.\n');
    expect(json(['sessions', 'count', '--estimate'], { settings })).toEqual({ count: 3, low: 3, high: 3 });
  });

  test('shows its progress on a terminal', () => {
    expect(onTerminal(['sessions', 'count'], { settings })).toMatch(/\d+ %.*3 sessions\.\n/s);
  });
});

describe('sessions revoke', () => {
  const nothing = { examined: 0, unknownKeys: 0, unreadable: 0, done: true };

  test('ends the sessions of a subject', async () => {
    await signIn('user-7');
    const ended = { ...nothing, revoked: 1, examined: 1 };
    expect(revoke('--subject', 'user-7', '--dry-run')).toEqual({ ...ended, dryRun: true });
    expect(revoke('--subject', 'user-7')).toEqual({ ...ended, dryRun: false });
    expect(revoke('--subject', 'user-7')).toEqual({ ...nothing, revoked: 0, dryRun: false });
  });

  test('ends those that have all properties', async () => {
    await signIn();
    const fingerprint = run(['secret', 'fingerprint'], { settings: { SIGNING_KEYS: signingKey } }).stdout.trim();
    expect(fingerprint).toMatch(/^[\w-]{8}$/);
    const { count } = json(['sessions', 'count'], { settings }) as { count: number };
    const [past, future] = ['2026-01-01T00:00:00Z', '2126-01-01T00:00:00+01:00'];
    expect(revoke('--older-than', '1h')).toMatchObject({ revoked: 0, examined: count });
    expect(revoke('--unused-for', '1h')).toMatchObject({ revoked: 0 });
    expect(revoke('--created-before', past)).toMatchObject({ revoked: 0 });
    expect(revoke('--signing-key', 'unknown_')).toMatchObject({ revoked: 0 });
    const all = ['--created-before', future, '--signing-key', fingerprint];
    expect(revoke(...all, '--dry-run')).toMatchObject({ revoked: count });
    expect(run(['sessions', 'revoke', ...all], { settings }).stdout).toBe(`${count} sessions have ended.\n`);
  });
});

test.each([
  { args: ['sessions', 'count'], given: {}, exit: 'usage', says: '--address' },
  { args: ['sessions', 'revoke'], exit: 'usage', says: '--subject' },
  { args: ['sessions', 'revoke', '--subject', 'a', '--older-than', '1d'], exit: 'usage', says: '--subject' },
  {
    args: ['sessions', 'revoke', '--include-unknown-keys', '--older-than', '1d'],
    exit: 'usage',
    says: '--signing-key',
  },
  { args: ['sessions', 'revoke', '--created-before', 'today'], exit: 'usage', says: '2026-11-27T09:30:00Z' },
  { args: ['sessions', 'revoke', '--signing-key', 'a key'], exit: 'usage', says: 'fingerprint' },
  { args: ['sessions', 'revoke', '--subject', 'a\nb'], exit: 'failed', says: 'subject: Expected' },
  { args: ['sessions', 'count', '--address', '127.0.0.1:1'], exit: 'unavailable', says: '127.0.0.1:1' },
  { args: ['secret', 'fingerprint'], exit: 'usage', says: 'SESSION_SIDECAR_SIGNING_KEYS' },
])('$args ends with $exit', ({ args, given, exit, says }) => {
  const outcome = run(args, { settings: given ?? settings });
  expect(outcome).toMatchObject({ exit, stdout: '' });
  expect(outcome.stderr).toContain(says);
});

test('a wrong token is refused', () => {
  const outcome = run(['sessions', 'count'], { settings: { ...settings, ADMIN_TOKENS: 'not-the-token-of-operators' } });
  expect(outcome).toMatchObject({ exit: 'denied', stdout: '' });
  expect(outcome.stderr).toContain('--admin-token-file');
});
