import { chmodSync, existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { startSidecar } from '@session-sidecar/client/testing';
import { root } from '../../docs/markdown';
import { execute } from '../../support/commands';
import { binary } from '../../support/process';
import { stackForEachTest } from '../../support/stack';
import { connect, hour, newSession, originOf, setVariables, start } from './fixture';

const stack = stackForEachTest();

const ownMessage = 'chooses it';

describe('startSidecar()', () => {
  test('gives each caller a sidecar with a clock and with sessions of its own', async () => {
    const [one, other] = await Promise.all([start(stack), start(stack)]);
    const tokens = await Promise.all([one, other].map((sidecar) => newSession(connect(stack, sidecar))));
    await one.advance(hour);
    expect(await originOf(connect(stack, one), tokens[0]!)).toBe('not_found');
    expect(await originOf(connect(stack, other), tokens[1]!)).toBe('found');
  });

  test('listens where no other user of the machine can connect', async () => {
    const { address } = await start(stack);
    const [, path = ''] = /^unix:(.*)$/.exec(address) ?? [];
    expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
  });

  test('uses a port if the path of a socket would be too long', async () => {
    const program = `require(${JSON.stringify(join(root, 'client/dist/testing/index.js'))}).startSidecar()
      .then(async ({ address, stop }) => { console.log(address); await stop(); })`;
    const env = { ...process.env, TMPDIR: `/${'x'.repeat(100)}` };
    const { stdout } = await execute(process.execPath, ['-e', program], { env });
    expect(stdout).toMatch(/^127\.0\.0\.1:\d+\n$/);
  });

  test('is not influenced by variables that are meant for the application or the tests', async () => {
    setVariables(stack, {
      REDIS_URL: 'redis://localhost:1',
      SESSION_SIDECAR_SIGNING_KEYS: 'none',
      SESSION_SIDECAR_IDLE_TIMEOUT: '1s',
      NODE_OPTIONS: '--no-such-option',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:1',
    });
    const sidecar = await start(stack);
    const sessions = connect(stack, sidecar);
    const token = await newSession(sessions);
    await sidecar.advance(10_000);
    expect(await originOf(sessions, token)).toBe('found');
  });

  test('gives the sidecar settings', async () => {
    const sidecar = await start(stack, { settings: { IDLE_TIMEOUT: '2s' } });
    const sessions = connect(stack, sidecar);
    const token = await newSession(sessions);
    await sidecar.advance(10_000);
    expect(await originOf(sessions, token)).toBe('not_found');
  });

  test.each([
    [{ IDLE_TIMEOUT: '1' }, 'SESSION_SIDECAR_IDLE_TIMEOUT: Expected a duration'],
    [{ IDLE_TIMEOUTS: '1h' }, 'SESSION_SIDECAR_IDLE_TIMEOUTS is set, but is not a setting'],
    [{ REDIS_TTL: 'off' }, 'SESSION_SIDECAR_REDIS_TTL has no effect'],
    [{ REDIS_URL: 'redis://localhost', SIGNING_KEYS: 'x' }, 'Tests can control the memory store only'],
    [{ GRPC_ADDRESS: '127.0.0.1:0' }, ownMessage],
    [{ TEST_CONTROL: 'off' }, ownMessage],
  ])('fails with settings %j, and says why', async (settings: Record<string, string>, message) => {
    await expect(startSidecar({ settings })).rejects.toThrow(message);
  });

  test('runs the command of a variable', async () => {
    const log = join(stack.directory(), 'arguments');
    const script = join(stack.directory(), 'sidecar.sh');
    writeFileSync(script, `#!/bin/sh\necho "$@" > ${log}\necho not a log line\nexec ${process.execPath} ${binary}\n`);
    chmodSync(script, 0o755);
    setVariables(stack, { SESSION_SIDECAR_TEST_COMMAND: `${script} some arguments` });
    await newSession(connect(stack, await start(stack)));
    expect(existsSync(log)).toBe(true);
  });

  test.each([
    [['/no/such/program'], 'ENOENT'],
    [[process.execPath, '-e', 'console.error("no space left"); process.exit(3)'], 'exit code 3\nno space left'],
    [[process.execPath, '-e', 'process.kill(process.pid, "SIGKILL")'], 'SIGKILL'],
    [[], 'Expected `command` to name a program, got an empty list'],
  ])('fails with the command %j, and says why', async (command, message) => {
    await expect(startSidecar({ command })).rejects.toThrow(message);
  });
});
