import type { ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { TurnBudget } from '../budgets/turn-budget';
import type { RefusalLimit } from '../../rpc/refusals';
import { connectionInfo } from './connection-info';
import type { ConnectionInfo } from './connection-info';
import { HandOver } from './hand-over';
import { showLife, whyEnd } from './liveness';
import { Peer } from './peer';
import type { PeerBudgets } from './peer';
import { ReadTurns } from './read-turns';
import type { Reading } from './read-turns';
import { StreamQueue } from './stream-queue';

/** While more than half of all connections are in use, connections that have been idle this long are closed. */
const maxIdleMs = 60_000;

/** How long the last frame of a connection may take to be sent. */
const flushMs = 10;

/** Maximum interval between two checks of all connections. */
const maxTickMs = 1000;

/** HTTP/2 handshakes per turn of the event loop, when no streams come with them. */
const maxHandshakesPerTurn = 8;

/** All connections, up to a limit: past it, a new connection replaces one that is not in use. */
export class Connections {
  readonly #budgets: PeerBudgets;
  readonly #limit: number;
  readonly #inject: (socket: Socket) => void;
  readonly #peers = new Set<Peer>();
  readonly #bySession = new Map<ServerHttp2Session, Peer>();
  readonly #streams = new StreamQueue();
  readonly #readTurns = new ReadTurns(
    () => this.#readings(),
    () => this.#streams.isEmpty,
  );
  /**
   * Connections without streams, idle longest first: those that never made a call, and the others with the start of their idle
   * time.
   */
  readonly #unused = new Set<Peer>();
  readonly #idle = new Map<Peer, number>();
  readonly #timer: NodeJS.Timeout;
  /** Connections whose first bytes have arrived. */
  readonly #handshakes: Peer[] = [];
  readonly #handshakeTurn = new TurnBudget(() => this.#shakeHands());
  #injecting: Peer | undefined;
  #handOver: HandOver | undefined;

  /**
   * @param limit of connections
   * @param inject turns a socket into a gRPC connection, and calls {@link Connections.opened} during that
   * @param onTick is called at each check of the connections, several times within `limits.stallMs`
   */
  constructor(
    budgets: PeerBudgets,
    limit: number,
    inject: (socket: Socket) => void,
    onTick: (now: number) => void = () => {},
  ) {
    this.#budgets = budgets;
    this.#limit = limit;
    this.#inject = inject;
    const tickMs = Math.min(Math.max(budgets.limits.stallMs / 5, 10), maxTickMs);
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#look(now);
      onTick(now);
    }, tickMs).unref();
  }

  get size(): number {
    return this.#peers.size;
  }

  /** Oldest first. */
  list(): readonly ConnectionInfo[] {
    return Array.from(this.#peers, connectionInfo);
  }

  /** Whether an RPC is open: a call that was not answered, a pipeline, a watch. */
  get haveStreams(): boolean {
    for (const { streams } of this.#peers) if (streams.amount > 0) return true;
    return false;
  }

  accept(socket: Socket): void {
    if (this.#peers.size >= this.#limit && !this.#makeRoom()) {
      socket.destroy();
      return;
    }
    const peer = new Peer(socket, this.#budgets, () => this.#end(peer, 'reply_buffer'));
    this.#peers.add(peer);
    this.#unused.add(peer);
    socket.once('close', () => this.#closed(peer));
    socket.on('error', () => undefined);
    // HTTP/2 costs several times as much as a socket, and a client always sends first.
    socket.once('readable', () => {
      if (this.#handshakes.push(peer) === 1) this.#shakeHands();
    });
  }

  /**
   * A few in every other turn: calls of other connections come between. Each in a callback of its own, after which the streams open
   * that came with the first bytes, up to a hundred: they count as well.
   */
  #shakeHands(): void {
    const count = Math.min(this.#handshakes.length, maxHandshakesPerTurn);
    for (let i = 0; i < count; i++) setImmediate(() => this.#shakeHand());
  }

  #shakeHand(): void {
    if (this.#handshakeTurn.isSpent) return;
    const peer = this.#handshakes.shift();
    if (peer === undefined) return;
    this.#handshakeTurn.use();
    const { socket } = peer;
    if (socket.destroyed || socket.readableLength === 0) return;
    this.#injecting = peer;
    this.#inject(socket);
    this.#injecting = undefined;
  }

  /** The socket that is being injected became a gRPC connection. */
  opened(session: ServerHttp2Session): void {
    const peer = this.#injecting;
    if (peer === undefined) throw new Error('An HTTP/2 session was opened outside accept().');
    peer.session = session;
    // A client that violates HTTP/2 ends its own connection and streams, but not the process.
    session.on('error', () => undefined);
    session.on('stream', (stream) => stream.on('error', () => undefined));
    this.#bySession.set(session, peer);
    session.once('remoteSettings', () => {
      peer.isEstablished = true;
      showLife(peer, performance.now());
      void this.#handOver?.send(peer);
    });
  }

  of(session: ServerHttp2Session): Peer | undefined {
    return this.#bySession.get(session);
  }

  /** Whatever becomes of it: to reject a stream takes time, too. */
  streamArrived(peer: Peer, now: number): void {
    this.#readTurns.streamOpened(peer.reading, now);
  }

  streamOpened(peer: Peer, now: number): void {
    if (peer.streams.amount === 0) {
      if (peer.isUsed) this.#idle.delete(peer);
      else this.#unused.delete(peer);
      peer.isUsed = true;
    }
    peer.streams.add(1);
    peer.aliveAt = now;
  }

  /** @param serve is called now or in a later turn of the event loop; the stream may have ended by then */
  serveInTurn(peer: Peer, serve: () => void): void {
    this.#streams.add(peer, serve);
  }

  streamClosed(peer: Peer): void {
    const now = performance.now();
    peer.streams.add(-1);
    this.#readTurns.streamClosed(now);
    if (peer.streams.amount > 0 || !this.#peers.has(peer)) return;
    showLife(peer, now);
    this.#idle.set(peer, now);
    void this.#handOver?.send(peer);
  }

  /**
   * Sends clients to another process: from now on, each connection gets a GOAWAY once it has no call. Pipelines announce the
   * shutdown themselves.
   *
   * @returns once idle clients have been informed
   */
  async handOverIdle(): Promise<void> {
    const handOver = (this.#handOver = new HandOver());
    for (const peer of this.#peers) if (!peer.isEstablished) peer.socket.destroy();
    await Promise.all(this.#established((peer) => peer.streams.amount === 0).map((peer) => handOver.send(peer)));
  }

  /**
   * Sends a GOAWAY to clients that always had calls, too: closing a connection without one may lose what the client sends
   * meanwhile.
   *
   * @returns once they have been informed
   */
  async handOverBusy(): Promise<void> {
    const handOver = (this.#handOver ??= new HandOver());
    await Promise.all(this.#established((peer) => peer.pipelines.amount === 0).map((peer) => handOver.send(peer)));
  }

  #established(which: (peer: Peer) => boolean): readonly Peer[] {
    return [...this.#peers].filter((peer) => peer.isEstablished && which(peer));
  }

  /** Resolves when there are none. */
  async allClosed(): Promise<void> {
    while (this.#peers.size > 0) {
      const [{ socket } = { socket: undefined }] = this.#peers;
      await new Promise((resolve) => socket?.once('close', resolve));
    }
  }

  close(): void {
    clearInterval(this.#timer);
    for (const { socket } of this.#peers) socket.destroy();
  }

  *#readings(): Iterable<Reading> {
    for (const { reading } of this.#bySession.values()) yield reading;
  }

  #makeRoom(): boolean {
    this.#budgets.observer.refused('connections');
    const [victim = this.#idle.keys().next().value] = this.#unused;
    if (victim === undefined) return false;
    this.#closeIdle(victim);
    return true;
  }

  /** A call in transit is reported as not processed, and gRPC itself retries it. */
  #closeIdle(peer: Peer): void {
    this.#forget(peer);
    if (!peer.isEstablished || peer.session?.closed !== false) {
      peer.socket.destroy();
      return;
    }
    peer.session.close();
    // A Node.js client stops reading after the GOAWAY, and so does not close its end.
    setTimeout(() => peer.socket.destroy(), flushMs).unref();
  }

  #end(peer: Peer, limit: RefusalLimit): void {
    this.#budgets.observer.refused(limit);
    peer.socket.destroy();
  }

  #look(now: number): void {
    const { limits, replies } = this.#budgets;
    const pressure = { repliesAreSpent: replies.isSpent, isCrowded: this.#peers.size > this.#limit / 2 };
    for (const peer of this.#peers) {
      const why = whyEnd(peer, now, pressure, limits);
      if (why !== undefined) this.#end(peer, why);
    }
    for (const [peer, since] of this.#idle) {
      if (this.#peers.size <= this.#limit / 2 || now - since < maxIdleMs) break;
      this.#closeIdle(peer);
    }
  }

  #closed(peer: Peer): void {
    this.#forget(peer);
    if (peer.session !== undefined) this.#bySession.delete(peer.session);
    peer.close();
  }

  #forget(peer: Peer): void {
    this.#peers.delete(peer);
    this.#unused.delete(peer);
    this.#idle.delete(peer);
  }
}
