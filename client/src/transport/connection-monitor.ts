import type { Socket } from 'node:net';

/**
 * How often connections are looked at. Looks are counted rather than time measured: after a blocked event loop, the answers
 * that came meanwhile are still unread in the socket, and a timer runs before they are read.
 */
const tickMs = 100;
/** After how many looks without a new byte a connection is silent. A sidecar that is starting takes longer for its first. */
const maxSilentTicks = { established: 7, connecting: 10 } as const;

interface WatchedSocket {
  readonly socket: Socket;
  bytesRead: number;
  /** How much had been written when something was last read. */
  bytesWritten: number;
  silentTicks: number;
}

/**
 * Notices when the sidecar has not answered for 0.7 seconds, or for a second after a connection was begun, as when its process
 * is stopped, or the path to it drops everything. TCP itself would take minutes.
 *
 * While streams are open, grpc-js sends pings (`grpc.keepalive_time_ms`), which every living sidecar answers. Its own
 * `grpc.keepalive_timeout_ms` cannot be that short: it would also end connections whenever the application blocks its event
 * loop for as long, and it does not watch connections that are being made.
 */
export class ConnectionMonitor {
  readonly #onSilent: () => void;
  readonly #sockets = new Set<WatchedSocket>();
  /** Since the last attempt began that has not led to a socket; `undefined`: there is no such attempt. */
  #connectingTicks: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param onSilent is called once, while watching */
  constructor(onSilent: () => void) {
    this.#onSilent = onSilent;
  }

  connecting(): void {
    this.#connectingTicks = 0;
  }

  connected(socket: Socket): void {
    this.#connectingTicks = undefined;
    const watched = { socket, bytesRead: 0, bytesWritten: 0, silentTicks: 0 };
    this.#sockets.add(watched);
    socket.once('close', () => this.#sockets.delete(watched));
  }

  /** To be called when answers are due, because streams are open. */
  start(): void {
    if (this.#connectingTicks !== undefined) this.#connectingTicks = 0;
    // What was written last may have asked for no answer, such as the cancellation of a call.
    for (const watched of this.#sockets) noteProgress(watched);
    this.#timer = setInterval(() => this.#check(), tickMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** For when the connection is not needed any more. A silent peer would not answer a farewell. */
  destroySockets(): void {
    for (const { socket } of this.#sockets) socket.destroy();
  }

  #check(): void {
    for (const watched of this.#sockets) {
      if (watched.socket.bytesRead > watched.bytesRead) noteProgress(watched);
      else if (isAnswerDue(watched)) watched.silentTicks += 1;
    }
    if (this.#sockets.size === 0 && this.#connectingTicks !== undefined) this.#connectingTicks += 1;
    if (!this.#isSilent()) return;
    this.stop();
    this.#onSilent();
  }

  #isSilent(): boolean {
    if ((this.#connectingTicks ?? 0) >= maxSilentTicks.connecting) return true;
    for (const { bytesRead, silentTicks } of this.#sockets) {
      if (silentTicks >= (bytesRead === 0 ? maxSilentTicks.connecting : maxSilentTicks.established)) return true;
    }
    return false;
  }
}

/** The first answer always is, others when something was written since the last. */
function isAnswerDue({ socket, bytesRead, bytesWritten }: WatchedSocket): boolean {
  return bytesRead === 0 || socket.bytesWritten > bytesWritten;
}

function noteProgress(watched: WatchedSocket): void {
  watched.bytesRead = watched.socket.bytesRead;
  watched.bytesWritten = watched.socket.bytesWritten;
  watched.silentTicks = 0;
}
