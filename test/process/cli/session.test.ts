import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { ServingProcess } from '../../support/process';
import { connectRaw, failureOf, mutation } from '../../support/raw-grpc';
import type { RawClient } from '../../support/raw-grpc';
import { stackForEachTest } from '../../support/stack';
import { json, onTerminal, run } from './fixture';

const stack = stackForEachTest();

let sidecar: ServingProcess;
let client: RawClient;
let token: string;
let csrfToken: string;
let handle: string;

beforeEach(async () => {
  sidecar = await stack.process();
  client = stack.use(connectRaw(sidecar.address));
  const mutations = [
    mutation.set('user', '{"id":7,"name":"Ada"}'),
    mutation.set('cart', '["tea"]'),
    mutation.pushFlash('', '"Welcome"'),
  ];
  const created = await client.call('createSession', { mutations, subject: '7' });
  token = created.token;
  ({ csrfToken, handle } = created.session!);
});

const here = () => ['--address', sidecar.address];

describe('session show', () => {
  test('shows everything about the session but values, flash messages and tokens', () => {
    const { exit, stdout, stderr } = run(['session', 'show', ...here()], { input: `${token}\n` });
    expect({ exit, stderr }).toEqual({ exit: 'ok', stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Handle +${handle}$`, 'm'));
    expect(stdout).toMatch(/^Idle timeout +20m$/m);
    expect(stdout).toMatch(/^Subject +7$/m);
    expect(stdout).toMatch(/^KEY +SIZE$/m);
    expect(stdout).toMatch(/^user +21 B$/m);
    expect(stdout).toMatch(/^\(default\) +1$/m);
    for (const hidden of ['Ada', 'tea', 'Welcome', token, csrfToken]) expect(stdout).not.toContain(hidden);
  });

  test('shows values on request', () => {
    const args = ['session', 'show', '--data', ...here()];
    expect(run(args, { input: token }).stdout).toMatch(/^user +21 B +\{"id":7,"name":"Ada"\}$/m);
    expect(json(args, { input: token })).toMatchObject({
      handle,
      subject: '7',
      version: 1,
      idleTimeoutSeconds: 1200,
      keys: [
        { key: 'user', bytes: 21, value: { id: 7, name: 'Ada' } },
        { key: 'cart', bytes: 7, value: ['tea'] },
      ],
      flashQueues: [{ queue: '', messages: 1 }],
    });
    expect(JSON.stringify(json(['session', 'show', ...here()], { input: token }))).not.toContain('Ada');
  });

  test('takes the token from a file, and the address from the settings of the sidecar', () => {
    const file = join(stack.directory(), 'token');
    writeFileSync(file, `${token}\n`);
    const settings = { GRPC_ADDRESS: `${sidecar.address},unix:${join(stack.directory(), 'other.sock')}` };
    expect(json(['session', 'show', '--token-file', file], { settings })).toMatchObject({ handle });
  });

  test('reaches a sidecar on a Unix socket', async () => {
    const socket = `unix:${join(stack.directory(), 'sidecar.sock')}`;
    const other = await stack.process({ settings: { GRPC_ADDRESS: socket } });
    const raw = stack.use(connectRaw(other.address));
    const created = await raw.call('createSession', {});
    const settings = { GRPC_ADDRESS: socket };
    expect(json(['session', 'show'], { settings, input: created.token })).toMatchObject({ keys: [] });
  });

  test('asks for the token on a terminal, without showing it', () => {
    const shown = onTerminal(['session', 'show', ...here()], { input: `${token}\n` });
    expect(shown).toContain('Token (not shown): ');
    expect(shown).toContain(handle);
    // The pseudo-terminal itself shows what arrives before the command turns that off.
    expect(shown.slice(shown.indexOf('Handle'))).not.toContain(token);
  });

  test('changes nothing that a terminal shows because of a value', async () => {
    await client.call('updateSession', { token, mutations: [mutation.set('evil', '"\u001b[31m\u0007"')] });
    const { stdout } = run(['session', 'show', '--data', ...here()], { input: token });
    expect(stdout).toMatch(/^evil +8 B +"\ufffd\[31m\ufffd"$/m);
  });

  test.each([
    { input: '', message: 'Expected a token on standard input or in the file of --token-file, got nothing.' },
    { input: 'one two', message: 'Expected one token, got several words.' },
    { input: 'x'.repeat(10_000), message: 'Expected a token on standard input, got a longer text.' },
  ])('rejects input that is not one token: $message', ({ input, message }) => {
    expect(run(['session', 'show', ...here()], { input })).toEqual({
      exit: 'usage',
      stdout: '',
      stderr: `error: ${message}\n`,
    });
  });

  test.each([
    ['as an argument', () => ['session', 'show', token]],
    ['that begins with a hyphen', () => ['session', 'show', `-h${token.slice(2)}`]],
    ['as the value of an option', () => ['session', 'show', `--token=${token}`]],
    ['of a command that takes another argument', () => ['subject', 'list', token]],
  ])('says that a token on the command line is exposed: %s', (_, words) => {
    const { exit, stdout, stderr } = run([...words(), ...here()]);
    expect([exit, stdout]).toEqual(['usage', '']);
    expect(stderr).toContain('Tokens are not accepted on the command line');
    expect(stderr).not.toContain(token.slice(2));
  });

  test('takes no arguments', () => {
    expect(run(['session', 'show', 'word', ...here()])).toMatchObject({
      exit: 'usage',
      stderr: expect.stringContaining('too many arguments'),
    });
  });

  test('distinguishes a session that has ended, a forged token, and a sidecar that is not there', async () => {
    await client.call('invalidateSession', { token });
    const of = (input: string, address = sidecar.address) => run(['session', 'show', '--address', address], { input });
    expect(of(token)).toMatchObject({ exit: 'failed', stderr: expect.stringContaining('has ended') });
    expect(of(`${token}x`)).toMatchObject({
      exit: 'failed',
      stderr: expect.stringContaining('did not issue the token'),
    });
    expect(of(token, '127.0.0.1:9')).toMatchObject({
      exit: 'unavailable',
      stderr: 'error: No sidecar answers at 127.0.0.1:9. Does it run? Name another address with --address.\n',
    });
  });
});

describe('session invalidate', () => {
  test('ends the session, and succeeds again', async () => {
    const args = ['session', 'invalidate', ...here()];
    expect(run(args, { input: token })).toEqual({ exit: 'ok', stdout: 'The session has ended.\n', stderr: '' });
    expect(await failureOf(client.call('getSession', { token }))).toMatchObject({ reason: 'SESSION_NOT_FOUND' });
    expect(json(args, { input: token })).toEqual({ ended: true });
  });
});

describe('a sidecar that requires an API token', () => {
  const [first, second] = ['the-first-api-token-1', 'the-second-api-token'];
  const settings = { API_TOKENS: `${first},${second}` };
  let address: string;

  beforeEach(async () => {
    ({ address } = await stack.process({ settings }));
  });

  const tryWith = (args: readonly string[], own: Readonly<Record<string, string>> = {}) =>
    run(['session', 'show', '--address', address, ...args], { input: 'forged', settings: own });

  test('gets it from a file or from its own settings', () => {
    const file = join(stack.directory(), 'api-token');
    writeFileSync(file, `${second}\n`);
    expect(tryWith(['--api-token-file', file])).toMatchObject({ exit: 'failed' });
    expect(tryWith([], settings)).toMatchObject({ exit: 'failed' });
    expect(tryWith([], { API_TOKENS_FILE: file })).toMatchObject({ exit: 'failed' });
  });

  test('is asked in vain without one', () => {
    const { exit, stderr } = tryWith([]);
    expect(exit).toBe('denied');
    expect(stderr).toContain('--api-token-file');
    const file = join(stack.directory(), 'short');
    writeFileSync(file, 'short');
    expect(tryWith(['--api-token-file', file])).toMatchObject({ exit: 'usage' });
    expect(tryWith(['--api-token-file', `${file}-missing`]).stderr).toContain('(ENOENT)');
  });
});
