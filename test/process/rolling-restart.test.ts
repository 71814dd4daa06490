import { join } from 'node:path';
import { beforeEach, expect, test } from '@jest/globals';
import { SessionClient } from '@session-sidecar/client';
import type { ISession } from '@session-sidecar/client';
import { until } from '../support/poll';
import { signingKey } from '../support/process';
import type { ServingProcess } from '../support/process';
import { freeAddress } from '../support/free-port';
import type { RedisServer } from '../support/redis';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();

/**
 * RESTARTS=20 measures: more restarts than CI has time for, with the client's default deadline and the sidecar's default time for
 * Redis, and it prints what it saw. Otherwise nothing here is about time.
 */
const measured = process.env['RESTARTS'];
const restarts = Number(measured ?? 4);
const workers = 8;

interface Visits {
  n: number;
}

let redis: RedisServer;
let directory: string;

beforeEach(async () => {
  redis = await stack.redis();
  directory = stack.directory();
});

/** Visitors of an application that uses the client as it comes: each opens a session, changes it and saves it, again and again. */
class Load {
  readonly failures: string[] = [];
  calls = 0;
  longestMs = 0;
  readonly #client: SessionClient<Visits>;
  readonly #saved = new Map<string, number>();
  #stopped = false;
  #work: Promise<unknown> = Promise.resolve();

  constructor(address: string, transport: 'pipeline' | 'unary') {
    this.#client = new SessionClient<Visits>({
      address,
      transport,
      timeoutMs: measured === undefined ? 20_000 : undefined,
    });
    stack.defer(() => this.close());
  }

  async start(): Promise<void> {
    const sessions = await Promise.all(Array.from({ length: workers }, () => this.#begin()));
    this.#work = Promise.all(sessions.map(({ token }) => this.#visit(token!)));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#work;
  }

  /** Sessions that do not hold what was saved last. */
  async wrong(): Promise<readonly string[]> {
    const found = await Promise.all(
      [...this.#saved].map(async ([token, n]) => [n, (await this.#client.open(token)).get('n')] as const),
    );
    return found.filter(([saved, stored]) => saved !== stored).map(([saved, stored]) => `${saved}, not ${stored}`);
  }

  close(): void {
    this.#stopped = true;
    this.#client.close();
  }

  async #begin(): Promise<ISession<Visits>> {
    const session = this.#client.create();
    session.set('n', 0);
    await session.save();
    return session;
  }

  async #visit(token: string): Promise<void> {
    for (let n = 1; !this.#stopped; n++) {
      const session = await this.#count('open', this.#client.open(token));
      if (session === undefined) continue;
      session.set('n', n);
      await this.#count(
        'save',
        session.save().then(() => this.#saved.set(token, n)),
      );
    }
  }

  async #count<Result>(what: string, call: Promise<Result>): Promise<Result | undefined> {
    const began = performance.now();
    this.calls += 1;
    try {
      return await call;
    } catch (error) {
      this.failures.push(`${what}: ${String(error)}`);
      return undefined;
    } finally {
      this.longestMs = Math.max(this.longestMs, performance.now() - began);
    }
  }
}

test.each([
  ['pipeline', 'TCP'],
  ['pipeline', 'a Unix socket'],
  ['unary', 'TCP'],
  ['unary', 'a Unix socket'],
] as const)('restarts of the sidecar fail no %s call over %s', async (transport, path) => {
  const address = path === 'TCP' ? await freeAddress() : `unix:${join(directory, 'sidecar.sock')}`;
  // With the sidecar's own time for Redis where that is measured.
  const given = measured === undefined ? {} : { REDIS_URL: redis.url, SIGNING_KEYS: signingKey };
  const start = (): Promise<ServingProcess> =>
    stack.process({
      awaitReady: false,
      settings: { GRPC_ADDRESS: address, ...given },
      ...(measured === undefined && { redis }),
    });
  let sidecar = await start();
  const load = new Load(address, transport);
  await load.start();
  const progress = async (): Promise<void> => {
    const goal = load.calls + 20 * workers;
    await until('the visitors to get on', () => load.calls >= goal);
  };
  for (let restart = 0; restart < restarts; restart++) {
    await progress();
    sidecar.child.kill('SIGTERM');
    expect(await sidecar.exit).toEqual({ code: 0, signal: null });
    sidecar = await start();
  }
  await progress();
  await load.stop();
  if (measured !== undefined) {
    console.info(transport, path, {
      restarts,
      calls: load.calls,
      failed: load.failures.length,
      longestMs: load.longestMs,
    });
  }
  expect(load.failures).toEqual([]);
  expect(await load.wrong()).toEqual([]);
});
