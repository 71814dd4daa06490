import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A path between clients and a server that can go silent without closing anything. */
export interface FreezingProxy {
  readonly port: number;
  /** How many connections were made so far. */
  readonly connections: number;
  /** How many of them their clients have not closed. */
  readonly open: number;
  /** Keeps what comes on the connections there are, in both directions. */
  freeze(): void;
  /** Forwards again, first what was kept. */
  thaw(): void;
  /** Whether connections that are made from now on are frozen from the start. */
  setFreezing(freezing: boolean): void;
  close(): Promise<void>;
}

interface Route {
  readonly from: Socket;
  readonly to: Socket;
  /** What came while it was frozen; `undefined`: it is not. */
  kept: Buffer[] | undefined;
}

/** @param target a port on loopback or the path of a Unix socket */
export async function startFreezingProxy(target: number | string): Promise<FreezingProxy> {
  let connections = 0;
  let freezing = false;
  const clients = new Set<Socket>();
  const routes = new Set<Route>();
  const server = createServer((near) => {
    connections += 1;
    clients.add(near);
    near.on('close', () => clients.delete(near));
    const far = typeof target === 'number' ? connect(target, '127.0.0.1') : connect(target);
    addRoute(near, far);
    addRoute(far, near);
  }).listen(0, '127.0.0.1');

  function addRoute(from: Socket, to: Socket): void {
    const route: Route = { from, to, kept: freezing ? [] : undefined };
    routes.add(route);
    from.setNoDelay();
    from.on('error', () => undefined);
    from.on('data', (chunk: Buffer) => {
      if (route.kept) route.kept.push(chunk);
      else to.write(chunk);
    });
    from.on('close', () => {
      routes.delete(route);
      // A frozen path does not tell either end of what became of the other.
      if (!route.kept) to.destroy();
    });
  }

  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    get open() {
      return clients.size;
    },
    freeze() {
      for (const route of routes) route.kept ??= [];
    },
    thaw() {
      for (const route of routes) {
        for (const chunk of route.kept ?? []) route.to.write(chunk);
        route.kept = undefined;
      }
    },
    setFreezing(value) {
      freezing = value;
    },
    async close() {
      server.close();
      for (const { from, to } of routes) {
        from.destroy();
        to.destroy();
      }
      await once(server, 'close');
    },
  };
}
