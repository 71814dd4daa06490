import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { NetConnectOpts, Server, Socket } from 'node:net';

/** A place to listen on or to connect to. */
export type Endpoint = { readonly path: string } | { readonly host: string; readonly port: number };

export type Direction = 'requests' | 'replies';

const bothWays: readonly Direction[] = ['requests', 'replies'];

/** How much a frozen direction reads before it stops, so that TCP blocks its sender. */
const maxHeldBytes = 64 * 1024;

/** One direction of a connection. */
interface Lane {
  readonly from: Socket;
  readonly to: Socket;
  /** What arrived while it was frozen; `undefined` if it is not frozen. */
  held: Buffer[] | undefined;
}

/** One connection through the proxy. */
export class Link {
  readonly #lanes: Readonly<Record<Direction, Lane>>;
  readonly #delayMs: () => number;
  /** Whether the connection was closed towards the server alone. */
  #isForgotten = false;
  /** The number of reply bytes that still pass before the connection is cut. */
  #cutAfter = Infinity;

  /** @param client sends requests, @param server sends replies */
  constructor(client: Socket, server: Socket, delayMs: () => number) {
    this.#delayMs = delayMs;
    this.#lanes = {
      requests: { from: client, to: server, held: undefined },
      replies: { from: server, to: client, held: undefined },
    };
    for (const direction of bothWays) this.#forward(direction);
  }

  #forward(direction: Direction): void {
    const lane = this.#lanes[direction];
    const { from } = lane;
    // Keeps the order even if the delay changes.
    let last: Promise<unknown> = Promise.resolve();
    from.on('data', (bytes: Buffer) => {
      if (this.#delayMs() > 0) {
        const due = new Promise((resolve) => setTimeout(resolve, this.#delayMs()));
        last = Promise.all([last, due]);
      }
      last = last.then(() => this.#pass(direction, bytes));
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      // A frozen direction does not pass on the end of its sender.
      if (lane.held === undefined && !this.#isForgotten) this.cut();
    });
    from.setNoDelay(true);
  }

  #pass(direction: Direction, bytes: Buffer): void {
    const { from, to, held } = this.#lanes[direction];
    if (held !== undefined) {
      held.push(bytes);
      if (held.reduce((sum, { length }) => sum + length, 0) > maxHeldBytes) from.pause();
    } else if (to.destroyed) {
      return;
    } else if (direction === 'requests' || bytes.length <= this.#cutAfter) {
      if (direction === 'replies') this.#cutAfter -= bytes.length;
      to.write(bytes);
    } else {
      to.write(bytes.subarray(0, this.#cutAfter), () => {
        this.cut();
      });
    }
  }

  /** Holds back everything. Both ends stay open, and what they send arrives after {@link thaw}. */
  freeze(directions: readonly Direction[] = bothWays): void {
    for (const direction of directions) this.#lanes[direction].held ??= [];
  }

  /** Closes the connection towards the server alone. The client is not notified, as if a firewall had dropped the connection. */
  forget(): void {
    this.#isForgotten = true;
    this.#lanes.replies.from.destroy();
  }

  thaw(): void {
    if (this.#isForgotten) this.cut();
    for (const direction of bothWays) {
      const lane = this.#lanes[direction];
      const { from, to, held } = lane;
      lane.held = undefined;
      for (const bytes of held ?? []) this.#pass(direction, bytes);
      if (from.destroyed) to.destroySoon();
      else from.resume();
    }
  }

  get isClosedByClient(): boolean {
    return this.#lanes.requests.from.destroyed;
  }

  get isOver(): boolean {
    return bothWays.every((direction) => this.#lanes[direction].from.destroyed);
  }

  cut(): void {
    for (const { from } of Object.values(this.#lanes)) from.destroy();
  }

  /** Cuts the connection after the next `bytes` bytes of replies. */
  cutInReply(bytes: number): void {
    this.#cutAfter = bytes;
  }
}

/** A network between two processes, which a test can break. */
export class TcpProxy {
  readonly listensAt: Endpoint;
  /** The destination of new connections. */
  target: Endpoint;
  /** `refuse` closes new connections, `ignore` accepts them and forwards nothing, `freeze` forwards after {@link thaw}. */
  newConnections: 'forward' | 'freeze' | 'refuse' | 'ignore' = 'forward';
  /** The latency added in each direction, in ms. */
  delayMs = 0;
  #connections = 0;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #ignored = new Set<Socket>();

  private constructor(server: Server, listensAt: Endpoint, target: Endpoint) {
    this.#server = server;
    this.listensAt = listensAt;
    this.target = target;
    server.on('connection', (client) => {
      this.#accept(client);
    });
  }

  /** @param at where to listen; default: a free port on loopback */
  static async start(target: Endpoint, at: Endpoint = { host: '127.0.0.1', port: 0 }): Promise<TcpProxy> {
    if ('path' in at) rmSync(at.path, { force: true });
    const server = createServer({ noDelay: true });
    server.listen(at);
    await once(server, 'listening');
    const address = server.address();
    const listensAt = typeof address === 'object' && address !== null ? { host: '127.0.0.1', port: address.port } : at;
    return new TcpProxy(server, listensAt, target);
  }

  /** The connections that their clients have not closed. */
  get links(): readonly Link[] {
    return [...this.#links].filter((link) => !link.isClosedByClient);
  }

  /** The number of connections accepted so far. */
  get connections(): number {
    return this.#connections;
  }

  /** The port it listens on; 0 for a Unix socket. */
  get port(): number {
    return 'port' in this.listensAt ? this.listensAt.port : 0;
  }

  /** Freezes all open connections in both directions. */
  freeze(): void {
    for (const link of this.#links) link.freeze();
  }

  thaw(): void {
    for (const link of this.#links) link.thaw();
  }

  #accept(client: Socket): void {
    this.#connections += 1;
    client.on('error', () => undefined);
    if (this.newConnections === 'refuse') {
      client.destroy();
      return;
    }
    if (this.newConnections === 'ignore') {
      this.#ignored.add(client);
      client.on('close', () => this.#ignored.delete(client));
      return;
    }
    const server = connect(this.target as NetConnectOpts);
    const link = new Link(client, server, () => this.delayMs);
    this.#links.add(link);
    if (this.newConnections === 'freeze') link.freeze();
    for (const socket of [client, server]) {
      socket.on('close', () => {
        if (link.isOver) this.#links.delete(link);
      });
    }
  }

  /**
   * Repairs the network.
   *
   * @param closeIgnored whether to close connections that were accepted but never forwarded; otherwise they stay silent forever
   */
  heal({ closeIgnored }: { readonly closeIgnored: boolean }): void {
    this.newConnections = 'forward';
    this.delayMs = 0;
    this.thaw();
    if (closeIgnored) for (const socket of this.#ignored) socket.destroy();
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const link of this.#links) link.cut();
    for (const socket of this.#ignored) socket.destroy();
    await once(this.#server, 'close');
  }
}
