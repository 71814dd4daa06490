import { createServer } from 'node:net';
import type { ListenOptions, Server, Socket } from 'node:net';

export interface ListenerParts {
  readonly onSocket: (socket: Socket) => void;
  /** Maximum number of connections that wait to be accepted. */
  readonly backlog: number;
}

/** An address that the server listens on. */
export interface Listener {
  /** As clients write it, with the port that was chosen for port 0. */
  readonly address: string;
  /** Accepts no new connections. Existing ones stay open. */
  stop(): void;
}

/** @throws the error of the system */
export function listening(options: ListenOptions, onSocket: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({ noDelay: true }, onSocket);
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      // Not fatal: without descriptors, for example, the next connection may still be accepted.
      server.on('error', () => undefined);
      resolve(server);
    });
  });
}
