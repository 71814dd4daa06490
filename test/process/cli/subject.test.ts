import { beforeEach, describe, expect, test } from '@jest/globals';
import type { ServingProcess } from '../../support/process';
import { connectRaw, mutation } from '../../support/raw-grpc';
import type { RawClient } from '../../support/raw-grpc';
import { stackForEachTest } from '../../support/stack';
import { json, run } from './fixture';

const stack = stackForEachTest();

let sidecar: ServingProcess;
let client: RawClient;

beforeEach(async () => {
  sidecar = await stack.process();
  client = stack.use(connectRaw(sidecar.address));
});

const here = () => ['--address', sidecar.address];

const signIn = (subject: string, label?: string) =>
  client.call('createSession', { subject, label, mutations: [mutation.set('name', '"Ada"')] });

const handlesOf = (listed: unknown): string[] =>
  (listed as { sessions: { handle: string }[] }).sessions.map(({ handle }) => handle).sort();

describe('subject list', () => {
  test('shows the sessions of the subject, without tokens and values', async () => {
    const phone = await signIn('user-7', 'phone');
    const laptop = await signIn('user-7');
    const other = await signIn('user-8', 'other');
    const { exit, stdout, stderr } = run(['subject', 'list', 'user-7', ...here()]);
    expect({ exit, stderr }).toEqual({ exit: 'ok', stderr: '' });
    expect(stdout).toMatch(new RegExp(`^${phone.session!.handle} .* 1  phone$`, 'm'));
    expect(stdout).toMatch(new RegExp(`^${laptop.session!.handle} .* 1$`, 'm'));
    for (const hidden of [phone.token, laptop.token, 'Ada', other.session!.handle])
      expect(stdout).not.toContain(hidden);
  });

  test('lists more sessions than fit on a page', async () => {
    const created = await Promise.all(Array.from({ length: 1001 }, () => signIn('robot')));
    const handles = created.map(({ session }) => session!.handle).sort();
    expect(handlesOf(json(['subject', 'list', 'robot', ...here()]))).toEqual(handles);
  });

  test('says that there are none', () => {
    expect(run(['subject', 'list', 'nobody', ...here()]).stdout).toBe('No sessions.\n');
    expect(json(['subject', 'list', 'nobody', ...here()])).toEqual({ subject: 'nobody', sessions: [] });
  });
});

describe('subject invalidate', () => {
  test('ends the sessions of the subject, and no others', async () => {
    const { token } = await signIn('user-7');
    await signIn('user-7');
    const other = await signIn('user-8');
    expect(run(['subject', 'invalidate', 'user-7', ...here()]).stdout).toBe('2 sessions have ended.\n');
    await expect(client.call('getSession', { token })).rejects.toThrow();
    await client.call('getSession', { token: other.token });
    expect(json(['subject', 'invalidate', 'user-7', ...here()])).toEqual({ ended: 0 });
  });

  test('ends only those that are named', async () => {
    const [phone, laptop] = [await signIn('user-7'), await signIn('user-7')];
    const args = ['subject', 'invalidate', 'user-7', '--handle', phone.session!.handle];
    expect(json([...args, ...here()])).toEqual({ ended: 1 });
    expect(handlesOf(json(['subject', 'list', 'user-7', ...here()]))).toEqual([laptop.session!.handle]);
  });
});

test.each(['list', 'invalidate'])('subject %s wants a valid subject, and a sidecar', (command) => {
  expect(run(['subject', command, ...here()])).toMatchObject({ exit: 'usage', stdout: '' });
  expect(run(['subject', command, 'user-7', '--address', '127.0.0.1:1'])).toMatchObject({ exit: 'unavailable' });
  expect(run(['subject', command, 'a\nb', ...here()])).toMatchObject({ exit: 'failed', stdout: '' });
});
