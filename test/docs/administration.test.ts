import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { execute } from '../support/commands';
import { binary, signingKey } from '../support/process';
import type { ServingProcess } from '../support/process';
import { connectRaw, mutation } from '../support/raw-grpc';
import { stackForAllTests } from '../support/stack';
import { sayIfMissing, toolchains } from '../support/toolchains';
import { commandsOf, runBlock, shapeOf } from './command-page';
import { blocksOf } from './markdown';

/* Every block of the page is run, and prints what follows it. */

const page = 'docs/operate/administration.md';
const stack = stackForAllTests();
const { python } = toolchains();
sayIfMissing(`the Python program of ${page}`, python);

let sidecar: ServingProcess;
let directory: string;
let address: string;

beforeAll(async () => {
  directory = stack.directory();
  symlinkSync(binary, join(directory, 'session-sidecar'));
  address = `unix:${join(directory, 'admin.sock')}`;
  sidecar = await stack.process({ settings: { ADMIN_ADDRESS: address } });
});

beforeEach(async () => {
  const client = connectRaw(sidecar.address);
  const mutations = [mutation.set('cart', '["tea"]')];
  const create = (subject: string) => client.call('createSession', { mutations, subject, label: 'Firefox on Linux' });
  for (const subject of ['user-7', 'user-8']) await client.call('invalidateSubjectSessions', { subject });
  await Promise.all([create('user-7'), create('user-8'), create('user-8')]);
  client.close();
});

describe(page, () => {
  for (const { text, output } of commandsOf(page)) {
    test(text.split('\n')[0]!, () => {
      const env = { SESSION_SIDECAR_ADMIN_ADDRESS: address, SESSION_SIDECAR_SIGNING_KEYS: signingKey };
      const { stdout, stderr } = runBlock(text, directory, env);
      expect(shapeOf(`${stdout}${stderr}`)).toEqual(shapeOf(output!));
    });
  }

  (python.missing === undefined ? test : test.skip)('the Python program', async () => {
    const { command, env } = python as Exclude<typeof python, { missing: string }>;
    const blocks = blocksOf(page);
    const at = blocks.findIndex(({ language }) => language === 'python');
    const { stdout } = await execute(command, ['-c', blocks[at]!.text], {
      env: { ...env, SESSION_SIDECAR_ADMIN_ADDRESS: address },
    });
    expect(stdout.trim()).toBe(blocks[at + 1]!.text.trim());
  });
});
