import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { SessionClient } from '@session-sidecar/client';
import type { ISession } from '@session-sidecar/client';
import { execute } from '../support/commands';
import { until } from '../support/poll';
import type { Sidecar } from '../support/sidecar';
import { stackForAllTests } from '../support/stack';
import { sayIfMissing, toolchains } from '../support/toolchains';
import type { Found } from '../support/toolchains';

const { python } = toolchains();
sayIfMissing('the Python client in several processes and under gevent', python);
const describePython = python.missing === undefined ? describe : describe.skip;
const folder = join(__dirname, 'python', 'servers');

interface Counter {
  count: number;
}

const stack = stackForAllTests();
let sidecar: Sidecar;
let client: SessionClient<Counter>;

beforeAll(async () => {
  sidecar = await stack.sidecar({ redis: await stack.redis() });
  client = stack.use(new SessionClient<Counter>({ address: sidecar.address, timeoutMs: 30_000 }));
});

/** A session in which programs count, and their environment. */
async function counter(): Promise<{ readonly session: ISession<Counter>; readonly env: NodeJS.ProcessEnv }> {
  const session = client.create();
  session.set('count', 0);
  await session.save();
  const { env } = python as Found;
  return { session, env: { ...env, SIDECAR_ADDRESS: sidecar.address, TOKEN: session.token } };
}

async function countOf(session: ISession<Counter>): Promise<number | undefined> {
  await session.reload();
  return session.get('count');
}

describePython('the Python client', () => {
  const { command } = python as Found;

  test.each(['sync', 'gthread', 'gevent'])('is used before gunicorn forks its workers (%s)', async (kind) => {
    const { session, env } = await counter();
    const options = ['--preload', '--workers', '2', '--worker-class', kind, '--bind', '127.0.0.1:0'];
    const server = stack.command(
      command,
      ['-m', 'gunicorn', ...options, '--chdir', folder, 'counter_app:application'],
      { env },
    );
    const url = await until('gunicorn', () => /Listening at: (\S+)/.exec(server.output().stderr)?.[1]);
    const pids = new Set<string>();
    let count = 0;
    // The operating system chooses the worker for each connection, which must therefore not be kept.
    const once = { headers: { connection: 'close' } };
    while (pids.size < 2) {
      const responses = await Promise.all(Array.from({ length: 16 }, () => fetch(url, once)));
      expect(responses.map(({ status }) => status)).toEqual(Array(16).fill(200));
      for (const response of responses) pids.add(await response.text());
      count += 16;
    }
    expect(await countOf(session)).toBe(count);
  });

  test.each(
    ['fork', 'forkserver', 'spawn'].flatMap((method) => ['blocking', 'asyncio'].map((kind) => [method, kind] as const)),
  )('is used before and in the processes of multiprocessing (%s, %s)', async (method, kind) => {
    const { session, env } = await counter();
    const { stdout } = await execute(command, [join(folder, 'pool.py'), method, kind, '20'], { env });
    // The error crosses the processes, too.
    expect(stdout).toBe('SESSION_NOT_FOUND\n22\n');
    expect(await countOf(session)).toBe(22);
  });

  test.each(['pipeline', 'unary'])(
    'blocks no other greenlet where gevent has patched the standard library (%s)',
    async (transport) => {
      const { env } = await counter();
      const { stdout } = await execute(command, [join(folder, 'greenlets.py'), transport], { env });
      expect(stdout).toBe('call begins\nothers run\ncall ends: CANCELLED\n');
    },
  );

  test('warns where it blocks other greenlets, and says what to call', async () => {
    const { env } = await counter();
    const { stdout } = await execute(command, [join(folder, 'greenlets.py'), 'unpatched'], { env });
    expect(stdout).toMatch(/^call begins\nwarning: .*gevent\.monkey\.patch_all\(\).*\ncall ends: \w+\nothers run\n$/);
  });
});
