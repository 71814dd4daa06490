import type { Socket } from 'node:net';

/**
 * How often connections are looked at. Looks are counted rather than time measured: after a blocked event loop, the answers
 * that came meanwhile are still unread in the socket, and a timer runs before they are read.
 */
const tickMs = 100;
/** After how many looks without a new byte a connection is given up. A sidecar that is starting takes longer for its first. */
const maxSilentTicks = { established: 7, connecting: 10 } as const;

interface WatchedSocket {
  readonly socket: Socket;
  bytesRead: number;
  /** How much had been written when something was last read. */
  bytesWritten: number;
  silentTicks: number;
}

/**
 * Destroys connections to the sidecar that stay silent for 0.7 seconds while an answer is due, or for a second after they were
 * made, such as those to a process that is stopped or through a path that drops everything. TCP itself would keep them for
 * minutes.
 *
 * While streams are open, grpc-js sends pings (`grpc.keepalive_time_ms`), which every living sidecar answers. Its own
 * `grpc.keepalive_timeout_ms` cannot be that short: it would also end connections whenever the application blocks its event
 * loop for as long, and it does not watch connections that are being made.
 */
export class ConnectionMonitor {
  readonly #onStuck: () => void;
  readonly #sockets = new Set<WatchedSocket>();
  #openStreams = 0;
  /** Since the last attempt began that has not led to a socket; `undefined`: there is no such attempt. */
  #connectingTicks: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param onStuck is called when the operating system neither makes nor refuses a connection. */
  constructor(onStuck: () => void) {
    this.#onStuck = onStuck;
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

  streamOpened(): void {
    this.#openStreams += 1;
    if (this.#openStreams > 1) return;
    if (this.#connectingTicks !== undefined) this.#connectingTicks = 0;
    // What was written last may have asked for no answer, such as the cancellation of a call.
    for (const watched of this.#sockets) noteProgress(watched);
    this.#timer = setInterval(() => this.#check(), tickMs).unref();
  }

  streamClosed(): void {
    this.#openStreams -= 1;
    if (this.#openStreams === 0) clearInterval(this.#timer);
  }

  #check(): void {
    for (const watched of this.#sockets) {
      const { socket, bytesRead, bytesWritten } = watched;
      if (socket.bytesRead > bytesRead) {
        noteProgress(watched);
      } else if (bytesRead === 0 || socket.bytesWritten > bytesWritten) {
        watched.silentTicks += 1;
        const longest = bytesRead === 0 ? maxSilentTicks.connecting : maxSilentTicks.established;
        if (watched.silentTicks >= longest) socket.destroy(new SilentConnectionError(longest * tickMs));
      }
    }
    if (this.#sockets.size > 0 || this.#connectingTicks === undefined) return;
    this.#connectingTicks += 1;
    if (this.#connectingTicks < maxSilentTicks.connecting) return;
    this.#connectingTicks = undefined;
    this.#onStuck();
  }
}

class SilentConnectionError extends Error {
  /** By which grpc-js tells a connection that was lost from a failure of its own. */
  readonly code = 'ETIMEDOUT';

  constructor(milliseconds: number) {
    super(`The sidecar did not answer for ${milliseconds} ms`);
  }
}

function noteProgress(watched: WatchedSocket): void {
  watched.bytesRead = watched.socket.bytesRead;
  watched.bytesWritten = watched.socket.bytesWritten;
  watched.silentTicks = 0;
}
