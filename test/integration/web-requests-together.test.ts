import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { connect as connectSocket } from 'node:net';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { SessionClient } from '@session-sidecar/client';
import { connect } from '../support/client';
import { stackForAllTests, stackForEachTest } from '../support/stack';
import { frameworks } from '../support/web-frameworks';
import type { Visits } from '../support/web-frameworks';
import { serveFramework } from '../support/web-stack';

const shared = stackForAllTests();
const stack = stackForEachTest();
let client: SessionClient<Visits>;
let token: string;

beforeAll(async () => {
  client = shared.use(connect<Visits>(await shared.sidecar(), { cache: { maxBytes: 1 << 20 } }));
  const session = client.create();
  session.set('visits', 1);
  await session.save();
  token = session.token!;
});

/** A connection that stays open. @returns a function that sends a request, and resolves with the beginning of its response */
async function openConnection(url: string): Promise<() => Promise<string>> {
  const { hostname, port } = new URL(url);
  const socket = connectSocket(Number(port), hostname);
  stack.defer(() => void socket.destroy());
  await once(socket, 'connect');
  return async () => {
    socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nCookie: session_sidecar=${token}\r\n\r\n`);
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    return chunk.toString();
  };
}

// HTTP/2 has one connection, which the requests arrive on together.
describe.each(frameworks.filter(({ isHttp2 = false }) => !isHttp2))('$name', (framework) => {
  test('reads requests that arrive together before it answers one from the cache', async () => {
    const events: string[] = [];
    const serve: typeof framework.serve = async (...args) => {
      const listener = await framework.serve(...args);
      return ((req, res) => {
        events.push('read');
        listener(req, res);
      }) satisfies RequestListener;
    };
    const url = await serveFramework(
      stack,
      { ...framework, serve },
      async ({ session }) => {
        const visits = (await session()).get('visits');
        events.push('answered');
        return { body: String(visits) };
      },
      { client },
    );
    const connections = [await openConnection(url), await openConnection(url)];
    for (const send of connections) await send();

    const live = client.cacheStats!.live;
    events.length = 0;
    const responses = await Promise.all(connections.map((send) => send()));
    expect(responses).toEqual([expect.stringContaining('200 OK'), expect.stringContaining('200 OK')]);
    expect(client.cacheStats!.live).toBe(live + 2);
    expect(events).toEqual(['read', 'read', 'answered', 'answered']);
  });
});
