import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { findCommand } from '../../../../client/src/testing/command';
import { stackForEachTest } from '../../../support/stack';

const stack = stackForEachTest();

let directory: string;

beforeEach(() => {
  directory = stack.directory();
});

function program(path: string): string {
  const file = join(directory, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '');
  chmodSync(file, 0o755);
  return file;
}

const installed = 'node_modules/@session-sidecar/server/dist/main.js';

describe('findCommand()', () => {
  test('prefers the words of the variable', () => {
    program(installed);
    const env = { SESSION_SIDECAR_TEST_COMMAND: ' docker run  -i sidecar ', PATH: directory };
    expect(findCommand(env, directory)).toEqual(['docker', 'run', '-i', 'sidecar']);
  });

  test('finds the package in a folder above, before a program on the PATH', () => {
    const main = program(installed);
    program('bin/session-sidecar');
    const env = { SESSION_SIDECAR_TEST_COMMAND: '', PATH: join(directory, 'bin') };
    expect(findCommand(env, join(directory, 'packages/shop'))).toEqual([process.execPath, main]);
  });

  test('finds a program on the PATH', () => {
    const found = program('bin/session-sidecar');
    expect(findCommand({ PATH: `/no/such:${join(directory, 'bin')}` }, directory)).toEqual([found]);
  });

  test('says how to install a sidecar if there is none', () => {
    expect(() => findCommand({ PATH: directory }, directory)).toThrow(
      'Install it with `npm install --save-dev @session-sidecar/server`, or set SESSION_SIDECAR_TEST_COMMAND',
    );
  });
});
