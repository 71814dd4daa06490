import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '../support/poll';
import { connectRaw } from '../support/raw-grpc';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();

let directory: string;
let path: string;
let address: string;

beforeEach(() => {
  directory = stack.directory();
  path = join(directory, 'sidecar.sock');
  address = `unix:${path}`;
});

async function expectToServe(at: string): Promise<void> {
  const client = stack.use(connectRaw(at));
  const { token } = await client.call('createSession', {});
  expect((await client.call('getSession', { token })).session?.version).toBe(1);
}

async function failureToStart(grpcAddress: string): Promise<string> {
  const settings = { GRPC_ADDRESS: grpcAddress, HTTP_ADDRESS: '127.0.0.1:0', LISTEN_TIMEOUT: '50ms' };
  const { exit, log } = stack.launch({ settings });
  expect(await exit).toEqual({ code: 1, signal: null });
  return (log().at(-1)?.msg ?? '').replace('cannot start: ', '');
}

describe('a sidecar on a Unix socket', () => {
  test('serves the same sessions there and over TCP', async () => {
    const { serving } = await stack.process({ settings: { GRPC_ADDRESS: `${address}, 127.0.0.1:0` } });
    const [overSocket, overTcp] = serving.grpc.map((each) => stack.use(connectRaw(each)));
    expect(serving.grpc[0]).toBe(address);
    const created = await overSocket!.call('createSession', {});
    const read = await overTcp!.call('getSession', { token: created.token });
    expect(read.session?.handle).toBe(created.session?.handle);
  });

  test('lets every user of the pod in, whose directory decides who that is', async () => {
    await stack.process({ settings: { GRPC_ADDRESS: address } });
    expect(statSync(path).isSocket()).toBe(true);
    expect((statSync(path).mode & 0o777).toString(8)).toBe('666');
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('removes it at %s', async (signal) => {
    const { child, exit } = await stack.process({ settings: { GRPC_ADDRESS: address } });
    child.kill(signal);
    expect(await exit).toEqual({ code: 0, signal: null });
    expect(existsSync(path)).toBe(false);
  });

  test('takes the place of one that was killed', async () => {
    const killed = await stack.process({ settings: { GRPC_ADDRESS: address } });
    killed.child.kill('SIGKILL');
    await killed.exit;
    expect(statSync(path).isSocket()).toBe(true);
    await stack.process({ settings: { GRPC_ADDRESS: address } });
    await expectToServe(address);
  });

  test('has the mode and the group that are asked for', async () => {
    const group = String(process.getgid!());
    await stack.process({
      settings: { GRPC_ADDRESS: address, GRPC_SOCKET_MODE: '0640', GRPC_SOCKET_GROUP: group },
    });
    const { mode, gid } = statSync(path);
    expect([(mode & 0o777).toString(8), String(gid)]).toEqual(['640', group]);
    expect(readdirSync(directory)).toEqual(['sidecar.sock']);
  });

  test('does not take the place of one that is alive', async () => {
    await stack.process({ settings: { GRPC_ADDRESS: address } });
    expect(await failureToStart(address)).toBe(
      `Cannot listen on ${address} (SESSION_SIDECAR_GRPC_ADDRESS): another process listens on it.`,
    );
    await expectToServe(address);
  });

  test('does not take the place of one that is alive and accepts no connection for now', async () => {
    const busy = await stack.process({ settings: { GRPC_ADDRESS: address } });
    const { ino } = statSync(path);
    busy.child.kill('SIGSTOP');
    const sockets = await fillBacklog(path);
    expect(await failureToStart(address)).toBe(
      `Cannot listen on ${address} (SESSION_SIDECAR_GRPC_ADDRESS): another process listens on it.`,
    );
    expect(statSync(path).ino).toBe(ino);
    busy.child.kill('SIGCONT');
    for (const socket of sockets) socket.destroy();
    // It has yet to accept the connections that wait.
    await until('the sidecar to serve again', () =>
      expectToServe(address).then(
        () => true,
        () => false,
      ),
    );
  });

  test('leaves the socket of another process alone when it stops', async () => {
    const first = await stack.process({ settings: { GRPC_ADDRESS: address } });
    rmSync(path);
    await stack.process({ settings: { GRPC_ADDRESS: address } });
    first.child.kill('SIGTERM');
    await first.exit;
    await expectToServe(address);
  });

  test('does not replace a file that is no socket', async () => {
    writeFileSync(path, 'precious');
    expect(await failureToStart(address)).toBe(
      `Cannot listen on ${address} (SESSION_SIDECAR_GRPC_ADDRESS): the path exists and is not a socket.`,
    );
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  test('leaves nothing behind when another address of its is taken', async () => {
    const { address: taken } = await stack.process();
    expect(await failureToStart(`${address},${taken}`)).toContain('EADDRINUSE');
    expect(existsSync(path)).toBe(false);
  });

  test('in a directory that is not there is refused with the name of the setting', async () => {
    const missing = `unix:${join(directory, 'missing', 'sidecar.sock')}`;
    expect(await failureToStart(missing)).toBe(
      `Cannot listen on ${missing} (SESSION_SIDECAR_GRPC_ADDRESS): there is no directory ${join(directory, 'missing')}.`,
    );
  });
});

describe.each(['unix', 'tcp'] as const)(
  'a sidecar that is started before another on its address stops (%s)',
  (kind) => {
    test('waits, says so once, and takes over: no call fails for want of a listener', async () => {
      const first = await stack.process({ settings: { GRPC_ADDRESS: kind === 'unix' ? address : '127.0.0.1:0' } });
      const at = first.address;
      const second = stack.launch({
        settings: { GRPC_ADDRESS: at, HTTP_ADDRESS: '127.0.0.1:0', LISTEN_TIMEOUT: '1m' },
      });
      const waiting = 'another process listens on the address, waiting for it to stop';
      expect(await second.logged(waiting)).toMatchObject({ address: at, setting: 'SESSION_SIDECAR_LISTEN_TIMEOUT' });
      expect(second.log().map(({ msg }) => msg)).not.toContain('serving');
      await expectToServe(at);

      first.child.kill('SIGTERM');
      await second.logged('serving');
      expect(await first.exit).toEqual({ code: 0, signal: null });
      expect(second.log().filter(({ msg }) => msg === waiting)).toHaveLength(1);
      await expectToServe(at);
      if (kind === 'unix') expect(readdirSync(directory)).toEqual(['sidecar.sock']);
    });

    test('gives up after a while, and says which setting is wrong', async () => {
      const first = await stack.process({ settings: { GRPC_ADDRESS: kind === 'unix' ? address : '127.0.0.1:0' } });
      expect(await failureToStart(first.address)).toContain(
        `Cannot listen on ${first.address} (SESSION_SIDECAR_GRPC_ADDRESS): `,
      );
      await expectToServe(first.address);
    });
  },
);

/** Connects until the system keeps no more connections for a process that does not accept them. */
async function fillBacklog(at: string): Promise<readonly Socket[]> {
  const sockets: Socket[] = [];
  for (;;) {
    const socket = connect(at);
    const isFull = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(false)).once('error', () => resolve(true));
    });
    socket.on('error', () => undefined);
    if (isFull) return sockets;
    sockets.push(socket);
  }
}
