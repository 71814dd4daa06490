import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { expect } from '@jest/globals';
import { until } from '../support/poll';
import { withStack } from '../support/stack';
import type { Stack } from '../support/stack';
import { concurrentRunners } from './concurrent-runners';

/** A route to the sidecar that can stop forwarding while both ends stay open. */
class Path {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  connections = 0;
  /** The number of times a client has sent data. */
  sends = 0;

  constructor(address: string) {
    const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? [];
    this.#server = createServer((near) => {
      this.connections++;
      const far = connect(Number(port), host);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
      }
      near.on('data', () => this.sends++);
      near.pipe(far).pipe(near);
    });
  }

  async open(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Freezes the connections that are open now. New ones work. */
  freeze(): void {
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

for (const { language, testIf, start } of concurrentRunners('connections that freeze')) {
  /** Starts a Redis, a sidecar, a path to it, and a runner that has saved a session over that path. */
  const connect = async (stack: Stack) => {
    const redis = await stack.redis();
    const sidecar = await stack.sidecar({ redis });
    const path = stack.use(new Path(sidecar.address));
    const runner = start(stack, await path.open());
    const run = (op: string, more = {}) => runner.run({ actor: 'me', op, ...more });
    await run('open');
    await run('set', { key: 'a', value: '1' });
    expect(await run('save')).toEqual({ result: null });
    return { redis, path, run };
  };

  testIf(
    `${language} replaces a connection that went silent long before the deadline of the calls in flight`,
    withStack(async (stack) => {
      // Without a new connection, calls would wait for their deadline of 20 s and then fail.
      const { path, run } = await connect(stack);
      const { token } = (await run('describe')).result as { token: string };
      const before = path.connections;

      path.freeze();
      expect(await run('open', { token })).toEqual({ result: null });
      expect(await run('get', { key: 'a' })).toEqual({ result: '1' });
      expect(path.connections).toBe(before + 1);

      path.freeze();
      await run('set', { key: 'a', value: '2' });
      // Not retried, because the sidecar may have received it.
      expect(await run('save')).toMatchObject({ error: { code: 'UNAVAILABLE' } });
      expect(await run('save')).toEqual({ result: null });
      expect(path.connections).toBe(before + 2);
    }),
  );

  testIf(
    `${language} keeps a connection on which a call is slow`,
    withStack(async (stack) => {
      const { redis, path, run } = await connect(stack);
      const { connections, sends } = path;
      // The sidecar waits for Redis until its command timeout or the deadline, both 20 s here.
      redis.freeze();
      await run('set', { key: 'a', value: '2' });
      const saving = run('save');
      // The call itself, then a ping every 300 ms.
      await until('the client to ping the connection', () => path.sends > sends + 6);
      redis.thaw();
      expect(await saving).toEqual({ result: null });
      expect(path.connections).toBe(connections);
    }),
  );
}
