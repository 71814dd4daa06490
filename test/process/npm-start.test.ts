import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { copyCheckout } from '../support/checkout';
import { execute } from '../support/commands';
import { until } from '../support/poll';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();

test('npm start prints version, store and addresses, and a command that creates a session and reads it', async () => {
  // A copy, because it builds the sidecar, which other tests run.
  const copy = copyCheckout();
  stack.defer(() => rmSync(copy, { recursive: true, force: true }));
  const flags = ['--grpc-address', '127.0.0.1:0', '--http-address', '127.0.0.1:0'];
  const npmStart = stack.command(process.execPath, [join(copy, 'scripts/start.mjs'), ...flags], { cwd: copy });
  const command = await until(
    'the command to try',
    () => /^ {2}TOKEN=.*GetSession$/ms.exec(npmStart.output().stdout)?.[0],
  );
  const output = npmStart.output().stdout;
  expect(output).toMatch(/session-sidecar \d+\.\d+\.\d+ keeps sessions in memory/);
  expect(output).toMatch(/gRPC +127\.0\.0\.1:\d+\n/);
  expect(output).toMatch(/metrics +http:\/\/127\.0\.0\.1:\d+\/metrics\n/);
  expect(output).toContain('Stop it with Ctrl-C');

  const { stdout } = await execute('bash', ['-c', command], { cwd: copy });
  expect(JSON.parse(stdout)).toMatchObject({ session: { data: { user: 'eyJpZCI6N30=' }, version: '1' } });

  npmStart.child.kill('SIGTERM');
  expect(await npmStart.exit).toEqual({ code: 0, signal: null });
});
