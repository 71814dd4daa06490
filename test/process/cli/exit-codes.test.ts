import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { exitCodes } from '../../../server/src/cli/exit-codes';
import type { Exit } from '../../../server/src/cli/exit-codes';
import { binary } from '../../support/process';
import { stackForEachTest } from '../../support/stack';
import { environment, exitOf, run, untilUnderLoad } from './fixture';

const stack = stackForEachTest();

/** One way to each exit code, with the built program. */
const ways: Readonly<Record<Exit, () => Exit | Promise<Exit>>> = {
  ok: () => run(['secret', 'new']).exit,
  failed: async () => {
    const { address } = await stack.process();
    return run(['session', 'show', '--address', address], { input: 'forged' }).exit;
  },
  usage: () => run(['secret', 'new', '--count', '0']).exit,
  unavailable: () => run(['stats', '--url', 'http://127.0.0.1:9']).exit,
  denied: async () => {
    const { address } = await stack.process({ settings: { API_TOKENS: 'a-token-of-the-application' } });
    return run(['session', 'invalidate', '--address', address], { input: 'token' }).exit;
  },
  internal: () => {
    const script = join(stack.directory(), 'break.cjs');
    writeFileSync(script, `require('crypto').randomBytes = () => { throw new TypeError('s3cret'); };`);
    const { exit, stderr } = run(['secret', 'new'], { env: { NODE_OPTIONS: `--require ${script}` } });
    expect(stderr).toMatch(/^error: Unexpected TypeError\.\n +at /);
    expect(stderr).not.toContain('s3cret');
    return exit;
  },
  interrupted: async () => {
    const { address, httpUrl } = await stack.process();
    const args = [binary, 'load', '--address', address, '--duration', '1h', '--in-flight', '2'];
    const { child, exit } = stack.command(process.execPath, args, { env: environment() });
    await untilUnderLoad(httpUrl);
    child.kill('SIGINT');
    return exitOf((await exit).code);
  },
};

describe('exit codes', () => {
  test.each(Object.keys(exitCodes) as Exit[])('%s is reached', async (exit) => {
    expect(await ways[exit]()).toBe(exit);
  });

  test('are distinct', () => {
    const codes = Object.values(exitCodes).map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
  });
});
