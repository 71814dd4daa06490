import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { join } from 'node:path';
import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import { freePort } from '../support/free-port';
import { outcomeOf, outputOf } from '../support/commands';
import { until } from '../support/poll';
import { countRpcs } from '../support/sidecar';
import { stackForAllTests, stackForEachTest } from '../support/stack';
import { sayIfMissing, toolchains } from '../support/toolchains';
import type { Found } from '../support/toolchains';
import { startPython } from './python-runner';
import type { Runner } from './runner';

/*
 * The client runs in its own process, into which a library is loaded that moves the wall clock. That does not work for Go, which
 * does not ask the C library for the time: clienttest/deadline_test.go inspects the deadline instead.
 */
const { python } = toolchains();
const hasCompiler = outcomeOf('cc', ['--version']).status === 0 && process.platform === 'linux';
const missing = python.missing ?? (hasCompiler ? undefined : 'Linux and a C compiler');
sayIfMissing('wall clocks that are set, in Python', missing === undefined ? python : { missing });
const testIf = missing === undefined ? test : test.skip;

const hour = 3600n;

const files = stackForAllTests();
const stack = stackForEachTest();
let library: string;
let clock: string;
let silent: Server;
let address: string;
const sockets: Socket[] = [];
let runner: Runner;

beforeAll(() => {
  const directory = files.directory();
  library = join(directory, 'wall-clock.so');
  clock = join(directory, 'seconds');
  const source = join(__dirname, 'wall-clock', 'wall-clock.c');
  if (missing === undefined) outputOf('cc', ['-shared', '-fPIC', '-O1', '-o', library, source]);
});

beforeEach(async () => {
  writeFileSync(clock, Buffer.alloc(8));
  // Accepts connections and never answers.
  const port = await freePort();
  silent = createServer((socket) => sockets.push(socket.on('error', () => undefined))).listen(port, '127.0.0.1');
  await once(silent, 'listening');
  address = `127.0.0.1:${port}`;
  stack.defer(closeSilent);
});

async function closeSilent(): Promise<void> {
  for (const socket of sockets.splice(0)) socket.destroy();
  if (!silent.listening) return;
  silent.close();
  await once(silent, 'close');
}

function setClock(seconds: bigint): void {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(seconds);
  // Overwrites the file in place, because the child process has mapped it.
  writeFileSync(clock, bytes, { flag: 'r+' });
}

function start(timeoutSeconds: number, at = address): void {
  const env = { LD_PRELOAD: library, WALL_CLOCK_FILE: clock };
  runner = startPython(stack, python as Found, at, { timeoutSeconds, env });
  // Otherwise, a call that wrongly waits by this clock would block the end of the test for an hour.
  stack.defer(() => setClock(0n));
}

testIf('a call ends although the clock is set back while it waits, and so does the next one', async () => {
  start(1);
  const waiting = runner.run({ actor: 'me', op: 'open', token: 'any' });
  await once(silent, 'connection');
  setClock(-hour);
  expect(await waiting).toMatchObject({ error: { status: 503 } });
  expect(await runner.run({ actor: 'me', op: 'open', token: 'any' })).toMatchObject({ error: { status: 503 } });
});

testIf('a call keeps waiting although the clock is set forward', async () => {
  start(30);
  const waiting = runner.run({ actor: 'me', op: 'open', token: 'any' });
  await once(silent, 'connection');
  setClock(hour);
  await closeSilent();
  await stack.sidecar({ address });
  expect(await waiting).toEqual({ result: null });
});

testIf('a retried call ends although the clock is set back between two attempts', async () => {
  const redis = await stack.redis();
  const sidecar = await stack.sidecar({ redis, settings: { REDIS_COMMAND_TIMEOUT: '100ms' } });
  start(2, sidecar.address);
  await runner.run({ actor: 'me', op: 'open' });
  await runner.run({ actor: 'me', op: 'set', key: 'a', value: '1' });
  const isSaved = async () => (await runner.run({ actor: 'me', op: 'save' })).error === undefined;
  await until('a session', isSaved);
  const { token } = (await runner.run({ actor: 'me', op: 'describe' })).result as { token: string };
  await redis.stop();
  const waiting = runner.run({ actor: 'me', op: 'open', token });
  await until('a second attempt', async () => ((await countRpcs(sidecar))['GetSession'] ?? 0) > 1);
  setClock(-hour);
  // STORE_UNAVAILABLE, or on a busy machine another reason why the last attempt failed, such as its deadline.
  expect(await waiting).toMatchObject({ error: { status: 503 } });
});
