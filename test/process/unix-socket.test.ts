import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startProcess, startServing, stopProcesses } from '../support/process';
import { connectRaw } from '../support/raw-grpc';

let directory: string;
let path: string;
let address: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'session-sidecar-socket-'));
  path = join(directory, 'sidecar.sock');
  address = `unix:${path}`;
});

afterEach(async () => {
  await stopProcesses();
  rmSync(directory, { recursive: true, force: true });
});

async function expectToServe(at: string): Promise<void> {
  const client = connectRaw(at);
  try {
    const { token } = await client.call('createSession', {});
    expect((await client.call('getSession', { token })).session?.version).toBe(1);
  } finally {
    client.close();
  }
}

async function failureToStart(grpcAddress: string): Promise<string> {
  const { exit, log } = startProcess({ settings: { GRPC_ADDRESS: grpcAddress, HTTP_ADDRESS: '127.0.0.1:0' } });
  expect(await exit).toEqual({ code: 1, signal: null });
  return (log().at(-1)?.msg ?? '').replace('cannot start: ', '');
}

describe('a sidecar on a Unix socket', () => {
  test('serves the same sessions there and over TCP', async () => {
    const { serving } = await startServing({ settings: { GRPC_ADDRESS: `${address}, 127.0.0.1:0` } });
    const [overSocket, overTcp] = serving.grpc.map(connectRaw);
    try {
      expect(serving.grpc[0]).toBe(address);
      const created = await overSocket?.call('createSession', {});
      const read = await overTcp?.call('getSession', { token: created?.token ?? '' });
      expect(read?.session?.handle).toBe(created?.session?.handle);
    } finally {
      overSocket?.close();
      overTcp?.close();
    }
  });

  test('lets every user of the pod in, whose directory decides who that is', async () => {
    await startServing({ settings: { GRPC_ADDRESS: address } });
    expect(statSync(path).isSocket()).toBe(true);
    expect((statSync(path).mode & 0o777).toString(8)).toBe('666');
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('removes it at %s', async (signal) => {
    const { child, exit } = await startServing({ settings: { GRPC_ADDRESS: address } });
    child.kill(signal);
    expect(await exit).toEqual({ code: 0, signal: null });
    expect(existsSync(path)).toBe(false);
  });

  test('takes the place of one that was killed', async () => {
    const killed = await startServing({ settings: { GRPC_ADDRESS: address } });
    killed.child.kill('SIGKILL');
    await killed.exit;
    expect(statSync(path).isSocket()).toBe(true);
    await startServing({ settings: { GRPC_ADDRESS: address } });
    await expectToServe(address);
  });

  test('does not take the place of one that is alive', async () => {
    await startServing({ settings: { GRPC_ADDRESS: address } });
    expect(await failureToStart(address)).toBe(
      `Cannot listen on ${address} (SESSION_SIDECAR_GRPC_ADDRESS): another process listens on it.`,
    );
    await expectToServe(address);
  });

  test('does not replace a file that is no socket', async () => {
    writeFileSync(path, 'precious');
    expect(await failureToStart(address)).toBe(
      `Cannot listen on ${address} (SESSION_SIDECAR_GRPC_ADDRESS): a file that is no socket is there.`,
    );
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  test('leaves nothing behind when another address of its is taken', async () => {
    const { address: taken } = await startServing();
    expect(await failureToStart(`${address},${taken}`)).toContain('EADDRINUSE');
    expect(existsSync(path)).toBe(false);
  });

  test('in a directory that is not there is refused with the name of the setting', async () => {
    const missing = `unix:${join(directory, 'missing', 'sidecar.sock')}`;
    const message = `Cannot listen on ${missing} (SESSION_SIDECAR_GRPC_ADDRESS): `;
    expect(await failureToStart(missing)).toContain(message);
  });
});
