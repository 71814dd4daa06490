import type { Socket } from 'node:net';

/**
 * How often connections are checked. Silence is counted in checks, not measured in time: after the event loop was blocked, a
 * timer runs before the bytes that have arrived meanwhile are read from the socket.
 */
const tickMs = 100;
/** After this many checks without a new byte, a connection is silent. A starting sidecar takes longer for its first byte. */
const maxSilentTicks = { established: 7, connecting: 10 } as const;

interface WatchedSocket {
  readonly socket: Socket;
  bytesRead: number;
  /** The number of bytes written when bytes were last read. */
  bytesWritten: number;
  silentTicks: number;
}

/**
 * Detects that the sidecar has not answered for 0.7 seconds, or for one second since an attempt to connect began: its process is
 * stopped, or the network drops every packet. TCP itself would take minutes.
 *
 * While streams are open, grpc-js sends pings (`grpc.keepalive_time_ms`), which every running sidecar answers. Its own
 * `grpc.keepalive_timeout_ms` cannot be as short: it would also close connections whenever the application blocks its event loop
 * for that long, and it does not cover attempts to connect.
 */
export class ConnectionMonitor {
  readonly #onSilent: () => void;
  readonly #sockets = new Set<WatchedSocket>();
  /** Checks since the latest attempt to connect began; `undefined` unless one is in progress. */
  #connectingTicks: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param onSilent called at most once for each {@link start} */
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

  /** To be called when the first stream is opened. */
  start(): void {
    if (this.#connectingTicks !== undefined) this.#connectingTicks = 0;
    // The last bytes written may need no answer, such as the cancellation of a call.
    for (const watched of this.#sockets) noteProgress(watched);
    this.#timer = setInterval(() => this.#check(), tickMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Closes a connection that is no longer used. A silent peer would not answer a graceful close. */
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

/** Before the first byte always, later if anything was written since the last one. */
function isAnswerDue({ socket, bytesRead, bytesWritten }: WatchedSocket): boolean {
  return bytesRead === 0 || socket.bytesWritten > bytesWritten;
}

function noteProgress(watched: WatchedSocket): void {
  watched.bytesRead = watched.socket.bytesRead;
  watched.bytesWritten = watched.socket.bytesWritten;
  watched.silentTicks = 0;
}
