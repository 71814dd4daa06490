import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * A port of 127.0.0.1 on which nobody listens. Whoever asks the system for any port gets one from 32768 on (Linux): there, a server that
 * restarts could find that another test has its port. Above this port by 10,000, the bus of a node of a Cluster is free of both, too.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 20_000);
    const server = createServer().listen(port, '127.0.0.1');
    const [error] = await Promise.race([
      once(server, 'listening').then(() => []),
      once(server, 'error') as Promise<NodeJS.ErrnoException[]>,
    ]);
    if (error?.code === 'EADDRINUSE') continue;
    if (error !== undefined) throw error;
    server.close();
    await once(server, 'close');
    return port;
  }
}
