import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A path between a client and a server that can go silent without closing anything. */
export interface FreezingProxy {
  readonly port: number;
  /** How many connections were made so far. */
  readonly connections: number;
  /** Stops forwarding on the connections there are, for good. Both ends stay open. */
  freeze(): void;
  /** Whether connections that are made from now on are frozen, too. */
  setFreezing(freezing: boolean): void;
  close(): Promise<void>;
}

/** @param target a port on loopback or the path of a Unix socket */
export async function startFreezingProxy(target: number | string): Promise<FreezingProxy> {
  let connections = 0;
  let freezing = false;
  const open = new Set<Socket>();
  const flowing = new Set<Socket>();
  const server = createServer((near) => {
    connections += 1;
    const far = typeof target === 'number' ? connect(target, '127.0.0.1') : connect(target);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.setNoDelay();
      one.on('error', () => undefined);
      one.on('close', () => {
        open.delete(one);
        // A frozen path does not tell either end of what became of the other.
        if (flowing.delete(one)) other.destroy();
      });
      if (freezing) continue;
      flowing.add(one);
      one.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    freeze() {
      for (const socket of flowing) socket.unpipe().pause();
      flowing.clear();
    },
    setFreezing(value) {
      freezing = value;
    },
    async close() {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, 'close');
    },
  };
}
