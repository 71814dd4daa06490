import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { AddressInUseError, ListenError } from '../../../../server/src/grpc/listening/address';
import { listenOnTcp } from '../../../../server/src/grpc/listening/tcp-listener';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const parts = { onSocket: (socket: { destroy(): void }) => socket.destroy(), backlog: 10 };
const resolvesTo =
  (...addresses: string[]) =>
  () =>
    Promise.resolve(addresses.map((address) => ({ address })));

async function listen(port: number, ...addresses: string[]): Promise<string> {
  const listener = await listenOnTcp({ kind: 'tcp', host: 'localhost', port }, parts, resolvesTo(...addresses));
  closing.push(() => listener.stop());
  return listener.address;
}

function connected(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.on('error', () => resolve(false)).on('connect', () => resolve(true));
    closing.push(() => socket.destroy());
  });
}

describe('a name that resolves to', () => {
  test('several loopback addresses is listened on at each of them, on one port', async () => {
    const port = Number((await listen(0, '127.0.0.1', '127.0.0.2')).split(':')[1]);
    expect(await Promise.all(['127.0.0.1', '127.0.0.2', '127.0.0.3'].map((host) => connected(host, port)))).toEqual([
      true,
      true,
      false,
    ]);
  });

  test.each([[['0.0.0.0']], [['192.0.2.7']], [['127.0.0.1', '192.0.2.7']], [['::']], [['::ffff:192.0.2.7']]])(
    '%j is refused before anything listens',
    async (addresses) => {
      const failure = listen(0, ...addresses);
      await expect(failure).rejects.toThrow(ListenError);
      await expect(failure).rejects.toThrow(
        /^Cannot listen on localhost:0 \(SESSION_SIDECAR_GRPC_ADDRESS\): .*resolves to/,
      );
    },
  );

  test('no address is an error that names the setting', async () => {
    const lookup = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }));
    const failure = listenOnTcp({ kind: 'tcp', host: 'nowhere', port: 0 }, parts, lookup);
    await expect(failure).rejects.toThrow(
      'Cannot listen on nowhere:0 (SESSION_SIDECAR_GRPC_ADDRESS): the name cannot be resolved (ENOTFOUND).',
    );
  });

  test('an address on which another process listens is not used at all', async () => {
    const taken = createServer().listen(0, '127.0.0.2');
    closing.push(() => taken.close());
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as AddressInfo;
    await expect(listen(port, '127.0.0.1', '127.0.0.2')).rejects.toThrow(AddressInUseError);
    expect(await connected('127.0.0.1', port)).toBe(false);
  });
});
