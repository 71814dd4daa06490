import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test } from '@jest/globals';
import { until } from '../support/poll';

const root = join(__dirname, '..', '..');
let child: ChildProcess | undefined;

afterEach(async () => {
  if (child?.exitCode === null) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
});

test('npm start tells version, store and addresses, and a command that creates a session and reads it', async () => {
  const flags = ['--grpc-address', '127.0.0.1:0', '--http-address', '127.0.0.1:0'];
  child = spawn(process.execPath, [join(root, 'scripts', 'start.mjs'), ...flags], { cwd: root });
  let output = '';
  child.stdout?.on('data', (text: Buffer) => (output += text.toString()));
  const command = await until('the command to try', () => /^ {2}TOKEN=.*GetSession$/ms.exec(output)?.[0], 60_000);
  expect(output).toMatch(/session-sidecar \d+\.\d+\.\d+ keeps sessions in memory/);
  expect(output).toMatch(/gRPC +127\.0\.0\.1:\d+\n/);
  expect(output).toMatch(/metrics +http:\/\/127\.0\.0\.1:\d+\/metrics\n/);
  expect(output).toContain('Stop it with Ctrl-C');

  const { stdout } = await promisify(execFile)('bash', ['-c', command], { cwd: root });
  expect(JSON.parse(stdout)).toMatchObject({ session: { data: { user: 'eyJpZCI6N30=' }, version: '1' } });

  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
}, 120_000);
