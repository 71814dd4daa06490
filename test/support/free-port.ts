import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * A port of 127.0.0.1 that is free. It is below the ports that Linux gives to those who ask for any, from 32768 on, so that no other test
 * gets it while a server restarts. The bus of a Cluster's node, 10,000 above its port, is below them, too.
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

/** An address with a {@link freePort}. */
export async function freeAddress(): Promise<string> {
  return `127.0.0.1:${await freePort()}`;
}
