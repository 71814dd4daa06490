import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { codeOf } from '../../support/client';
import { until } from '../../support/poll';
import { freeAddress } from '../../support/free-port';
import { stackForAllTests } from '../../support/stack';
import { pipelineClients, range } from './fixture';

const { stack, start, connectTo } = pipelineClients();

describe('close()', () => {
  test('rejects calls that wait with CANCELLED', async () => {
    const client = connectTo({ address: await freeAddress() });
    const outcomes = range(3).map(() => codeOf(client.open('token')));
    client.close();
    expect(await Promise.all(outcomes)).toEqual(['CANCELLED', 'CANCELLED', 'CANCELLED']);
    expect(await codeOf(client.open('token'))).toBe('CANCELLED');
  });

  test('lets calls in flight finish or be cancelled, and ends the stream', async () => {
    const sidecar = await start({ onCall: () => undefined });
    const client = connectTo(sidecar);
    const abort = new AbortController();
    const [opening, given] = [client.open('token'), client.open('token', { signal: abort.signal })];
    const stream = await until('the calls to arrive', () => sidecar.streams.find(({ calls }) => calls.length === 2));
    client.close();
    abort.abort();
    expect(await codeOf(given)).toBe('CANCELLED');
    stream.answer(stream.calls[0]!);
    expect((await opening).get('a')).toBe(1);
    await until('the stream to be ended', () => stream.halfClosed);
  });
});

describe('a process with an open client exits when it has nothing more to do', () => {
  const shared = stackForAllTests();
  const root = resolve(__dirname, '../../..');
  const app = join(shared.directory(), 'app.cjs');

  beforeAll(async () => {
    await build({
      stdin: {
        contents: `import { SessionClient } from './client/src/index';
          const [address, transport] = process.argv.slice(2);
          const client = new SessionClient({ address, transport, timeoutMs: address.endsWith(':1') ? 2000 : 20_000 });
          client.open('token').then(({ origin }) => console.log(origin), ({ code }) => console.log(code));`,
        resolveDir: root,
      },
      ...{ bundle: true, platform: 'node', outfile: app },
      alias: { '@session-sidecar/proto': join(root, 'proto/gen') },
    });
  });

  /** Opens a session and prints what came of it; 2 seconds are enough to find that there is no sidecar. */
  async function outputOf(address: string, transport: 'pipeline' | 'unary'): Promise<string> {
    const program = stack.command(process.execPath, [app, address, transport]);
    expect(await program.exit).toEqual({ code: 0, signal: null });
    return program.output().stdout;
  }

  test.each(['pipeline', 'unary'] as const)('after a %s call', async (transport) => {
    const sidecar = await start();
    expect(await outputOf(sidecar.address, transport)).toBe('found\n');
  });

  test.each(['pipeline', 'unary'] as const)('after a %s call that found no sidecar', async (transport) => {
    expect(await outputOf('127.0.0.1:1', transport)).toBe('UNAVAILABLE\n');
  });
});
