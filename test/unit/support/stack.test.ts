import { existsSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { until } from '../../support/poll';
import { Stack } from '../../support/stack';

test('a stack ends what was started last first, all of it whatever fails, and reports the first failure', async () => {
  const stack = new Stack();
  const ended: string[] = [];
  stack.defer(() => ended.push('first'));
  stack.defer(() => Promise.reject(new Error('second')));
  stack.use({ close: () => ended.push('third') });
  stack.defer(() => {
    throw new Error('fourth');
  });
  await expect(stack.end()).rejects.toThrow('fourth');
  expect(ended).toEqual(['third', 'first']);
});

test('a stack that has ended can be used again, and ends each thing once', async () => {
  const stack = new Stack();
  const ended: string[] = [];
  stack.defer(() => ended.push('before'));
  await stack.end();
  stack.defer(() => ended.push('after'));
  await stack.end();
  expect(ended).toEqual(['before', 'after']);
});

test('a stack ends programs with all that they have started, and removes folders', async () => {
  const stack = new Stack();
  // The one in the background keeps the output open, so this would not end.
  const program = stack.command('bash', ['-c', 'sleep 1000 & echo started; wait']);
  await until('the program', () => program.output().stdout === 'started\n');
  const directory = stack.directory();
  await stack.end();
  expect(await program.exit).toEqual({ code: null, signal: 'SIGKILL' });
  expect(existsSync(directory)).toBe(false);
});

test('a stack ends although a network between two of its parts is frozen', async () => {
  const stack = new Stack();
  const url = new URL(await stack.serve((_, response) => response.end()));
  const proxy = await stack.proxy({ host: url.hostname, port: Number(url.port) });
  proxy.newConnections = 'freeze';
  const answer = fetch(`http://127.0.0.1:${proxy.port}`);
  stack.defer(() => answer);
  await stack.end();
  expect((await answer).status).toBe(200);
});
