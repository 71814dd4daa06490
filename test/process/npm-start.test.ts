import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { execute } from '../support/commands';
import { until } from '../support/poll';
import { stackForEachTest } from '../support/stack';

const root = join(__dirname, '..', '..');
const stack = stackForEachTest();

test('npm start prints version, store and addresses, and a command that creates a session and reads it', async () => {
  const flags = ['--grpc-address', '127.0.0.1:0', '--http-address', '127.0.0.1:0'];
  const npmStart = stack.command(process.execPath, [join(root, 'scripts', 'start.mjs'), ...flags], { cwd: root });
  const command = await until(
    'the command to try',
    () => /^ {2}TOKEN=.*GetSession$/ms.exec(npmStart.output().stdout)?.[0],
    60_000,
  );
  const output = npmStart.output().stdout;
  expect(output).toMatch(/session-sidecar \d+\.\d+\.\d+ keeps sessions in memory/);
  expect(output).toMatch(/gRPC +127\.0\.0\.1:\d+\n/);
  expect(output).toMatch(/metrics +http:\/\/127\.0\.0\.1:\d+\/metrics\n/);
  expect(output).toContain('Stop it with Ctrl-C');

  const { stdout } = await execute('bash', ['-c', command], { cwd: root });
  expect(JSON.parse(stdout)).toMatchObject({ session: { data: { user: 'eyJpZCI6N30=' }, version: '1' } });

  npmStart.child.kill('SIGTERM');
  expect(await npmStart.exit).toEqual({ code: 0, signal: null });
}, 120_000);
