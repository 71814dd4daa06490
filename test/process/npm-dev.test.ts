import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { copyCheckout } from '../support/checkout';
import { until } from '../support/poll';

let copy: string;
let child: ChildProcess | undefined;

beforeEach(() => {
  copy = copyCheckout();
});

afterEach(async () => {
  if (child?.exitCode === null) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  rmSync(copy, { recursive: true, force: true });
});

test('npm run dev starts the sidecar again when a source changes, and keeps the one before when the change does not build', async () => {
  const flags = ['--grpc-address', '127.0.0.1:0', '--http-address', '127.0.0.1:0'];
  child = spawn(process.execPath, [join(copy, 'scripts/dev.mjs'), ...flags], {
    cwd: copy,
    env: { PATH: process.env['PATH'] },
  });
  let output = '';
  child.stdout?.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr?.on('data', (text: Buffer) => (output += text.toString()));
  const shown = async (text: string | RegExp) => {
    const found = until('output', () => output.search(text) >= 0, 60_000);
    await found.catch(() => expect(output).toMatch(text));
  };

  await shown(/Sessions in memory: gRPC 127\.0\.0\.1:\d+/);

  const main = join(copy, 'server/src/main.ts');
  const source = readFileSync(main, 'utf8');
  writeFileSync(main, `${source}\nprocess.stderr.write('changed once\\n');\n`);
  await shown('changed once');

  writeFileSync(main, `${source}\nthis is no TypeScript`);
  await shown(/ERROR.*\n[^]*main\.ts/);
  expect(output).not.toMatch(/changed once[^]*shutting down/);

  writeFileSync(main, `${source}\nprocess.stderr.write('changed twice\\n');\n`);
  await shown('changed twice');
  await shown(/changed once[^]*INFO: stopped[^]*Sessions in memory/);

  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
}, 300_000);
