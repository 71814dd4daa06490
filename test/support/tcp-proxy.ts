import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, NetConnectOpts, Socket } from 'node:net';

/** A network between a client and a server, which can break in ways that neither side is told of. */
export interface TcpProxy {
  /** 0 on a Unix socket. */
  readonly port: number;
  /** Where new connections go. */
  target: NetConnectOpts;
  /** How many connections were made so far. */
  readonly connections: number;
  /** Stops forwarding on the connections that are open, which stay open. New ones work. */
  freeze(): void;
  close(): Promise<void>;
}

/** Listens on a free port of loopback, or on a Unix socket. */
export async function startProxy(target: NetConnectOpts, socketPath?: string): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const frozen: Socket[] = [];
  let connections = 0;
  const server = createServer((near) => {
    connections += 1;
    const far = connect(proxy.target);
    const pair = [near, far] as const;
    pairs.add(pair);
    near.pipe(far).pipe(near);
    for (const socket of pair) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        // That one side of a broken network closes is not known at the other.
        if (pairs.delete(pair)) for (const each of pair) each.destroy();
      });
    }
  });
  server.listen(socketPath === undefined ? { port: 0, host: '127.0.0.1' } : { path: socketPath });
  await once(server, 'listening');
  const proxy: TcpProxy = {
    port: socketPath === undefined ? (server.address() as AddressInfo).port : 0,
    target,
    get connections() {
      return connections;
    },
    freeze: () => {
      for (const [near, far] of pairs) {
        near.unpipe(far);
        far.unpipe(near);
        // Nothing that the peers send is read any more, and that they end is not passed on.
        for (const socket of [near, far]) socket.pause();
      }
      frozen.push(...[...pairs].flat());
      pairs.clear();
    },
    close: async () => {
      server.close();
      for (const socket of [...frozen, ...[...pairs].flat()]) socket.destroy();
      await once(server, 'close');
    },
  };
  return proxy;
}
