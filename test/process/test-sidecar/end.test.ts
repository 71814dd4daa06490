import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { execute } from '../../support/commands';
import { until } from '../../support/poll';
import { root } from '../../docs/markdown';
import { stackForEachTest } from '../../support/stack';
import { connect, newSession, start } from './fixture';

const stack = stackForEachTest();

const testing = join(root, 'client/dist/testing/index.js');
const started = `const { startSidecar } = require(${JSON.stringify(testing)});
  startSidecar().then(async (sidecar) => { console.log(sidecar.address); `;

const socketOf = (address: string): string => address.trim().replace('unix:', '');

describe('SESSION_SIDECAR_EXIT_ON_STDIN_END', () => {
  test('shuts the sidecar down when its standard input ends', async () => {
    const settings = { GRPC_ADDRESS: '127.0.0.1:0', HTTP_ADDRESS: '127.0.0.1:0', EXIT_ON_STDIN_END: 'on' };
    // Its standard input is /dev/null, which has ended before it begins.
    const { exit, log } = stack.launch({ settings });
    expect(await exit).toEqual({ code: 0, signal: null });
    expect(log()).toContainEqual(
      expect.objectContaining({ msg: 'shutting down: draining in-flight calls', stdin: 'ended' }),
    );
  });
});

describe('a sidecar of a test', () => {
  test('ends when it is stopped, without a trace', async () => {
    const sidecar = await start(stack);
    await newSession(connect(stack, sidecar));
    await sidecar.stop();
    expect(existsSync(socketOf(sidecar.address))).toBe(false);
    await sidecar.stop();
  });

  test('ends with the process that has started it, even if that is killed', async () => {
    const parent = stack.command(process.execPath, ['-e', `${started} setInterval(() => {}, 1000); })`]);
    const address = await until('the address', () => parent.output().stdout || undefined);
    const socket = socketOf(address);
    expect(existsSync(socket)).toBe(true);
    parent.child.kill('SIGKILL');
    await until('the end of the sidecar', () => !existsSync(socket));
  });

  test('keeps no process running that has forgotten to stop it', async () => {
    const { stdout } = await execute(process.execPath, ['-e', `${started} await sidecar.advance(1); })`]);
    await until('the end of the sidecar', () => !existsSync(socketOf(stdout)));
  });

  test('can be stopped by a process that has nothing else to do', async () => {
    const { stdout } = await execute(process.execPath, [
      '-e',
      `${started} await sidecar.stop(); console.log('stopped'); })`,
    ]);
    expect(stdout).toMatch(/\nstopped\n$/);
  });
});
