import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { NetConnectOpts, Server, Socket } from 'node:net';

/** A place to listen on or to connect to. */
export type Endpoint = { readonly path: string } | { readonly host: string; readonly port: number };

type Direction = 'requests' | 'replies';

/** One connection through the proxy. */
class Link {
  readonly #sockets: Readonly<Record<Direction, Socket>>;
  readonly #delayMs: () => number;
  readonly #frozen = new Set<Direction>();
  /** Whether only the server has been told that the connection is over. */
  #isForgotten = false;
  /** How many more bytes of replies pass before the connection is cut. */
  #cutAfter = Infinity;

  /** @param client sends requests, @param server sends replies */
  constructor(client: Socket, server: Socket, delayMs: () => number) {
    this.#sockets = { requests: client, replies: server };
    this.#delayMs = delayMs;
    this.#forward('requests', client, server);
    this.#forward('replies', server, client);
  }

  #forward(direction: Direction, from: Socket, to: Socket): void {
    // One after another, whatever their delays are.
    let last: Promise<unknown> = Promise.resolve();
    from.on('data', (bytes) => {
      const due = new Promise((resolve) => setTimeout(resolve, this.#delayMs()));
      const passes = this.#delayMs() === 0 ? last : Promise.all([last, due]);
      last = passes.then(() => this.#pass(direction, bytes, to));
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      if (!this.#isForgotten) this.cut();
    });
    from.setNoDelay(true);
  }

  #pass(direction: Direction, bytes: Buffer, to: Socket): void {
    if (to.destroyed) return;
    if (direction === 'requests' || bytes.length <= this.#cutAfter) {
      if (direction === 'replies') this.#cutAfter -= bytes.length;
      to.write(bytes);
      return;
    }
    to.write(bytes.subarray(0, this.#cutAfter), () => {
      this.cut();
    });
  }

  /** Stops reading: both ends stay open and hear nothing. What was sent arrives when it goes on. */
  freeze(directions: readonly Direction[]): void {
    for (const direction of directions) {
      this.#frozen.add(direction);
      this.#sockets[direction].pause();
    }
  }

  /** Ends the connection for the server alone: the client hears nothing, as when a firewall has forgotten it. */
  forget(): void {
    this.#isForgotten = true;
    this.#sockets.replies.destroy();
  }

  thaw(): void {
    if (this.#isForgotten) this.cut();
    for (const direction of this.#frozen) this.#sockets[direction].resume();
    this.#frozen.clear();
  }

  cut(): void {
    for (const socket of Object.values(this.#sockets)) socket.destroy();
  }

  /** Lets some bytes of the next reply through, and no more. */
  cutInReply(bytes: number): void {
    this.#cutAfter = bytes;
  }
}

/** A network between two processes that can be broken. */
export class TcpProxy {
  readonly listensAt: Endpoint;
  /** Where new connections lead. */
  target: Endpoint;
  /** `refuse` closes new connections, `ignore` takes them and forwards nothing. */
  newConnections: 'forward' | 'refuse' | 'ignore' = 'forward';
  /** How long everything takes in each direction, in ms. */
  delayMs = 0;
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

  get links(): readonly Link[] {
    return [...this.#links];
  }

  #accept(client: Socket): void {
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
    client.on('close', () => this.#links.delete(link));
  }

  /**
   * Works again.
   *
   * @param closeIgnored whether connections that were taken and not forwarded are closed; otherwise they stay silent for ever
   */
  heal({ closeIgnored }: { readonly closeIgnored: boolean }): void {
    this.newConnections = 'forward';
    this.delayMs = 0;
    for (const link of this.#links) link.thaw();
    if (closeIgnored) for (const socket of this.#ignored) socket.destroy();
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const link of this.#links) link.cut();
    for (const socket of this.#ignored) socket.destroy();
    await once(this.#server, 'close');
  }
}
