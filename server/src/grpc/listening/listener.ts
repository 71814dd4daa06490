import { createServer } from 'node:net';
import type { ListenOptions, Server, Socket } from 'node:net';

export interface ListenerParts {
  readonly onSocket: (socket: Socket) => void;
  /** How many connections the system keeps until they are accepted. */
  readonly backlog: number;
}

/** An address that is listened on. */
export interface Listener {
  /** As clients write it, with the port that was chosen for port 0. */
  readonly address: string;
  /** Takes no new connections from now on. Those that were accepted go on. */
  stop(): void;
}

/** @throws the error of the system */
export function listening(options: ListenOptions, onSocket: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({ noDelay: true }, onSocket);
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      // Out of descriptors, for example: the next connection may be accepted again.
      server.on('error', () => undefined);
      resolve(server);
    });
  });
}
