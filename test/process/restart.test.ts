import { beforeEach, describe, expect, test } from '@jest/globals';
import { SessionError } from '@session-sidecar/client';
import type { RunningCall } from '../../client/src/transport/call-options';
import { retryingTransport } from '../../client/src/transport/retrying-transport';
import { openChannel } from '../../client/src/transport/channel';
import { PipelineTransport } from '../../client/src/transport/pipeline/pipeline-transport';
import type { Transport } from '../../client/src/transport/transport';
import { unaryTransport } from '../../client/src/transport/unary-transport';
import { until } from '../support/poll';
import type { ServingProcess } from '../support/process';
import { mutation } from '../support/raw-grpc';
import { freePort } from '../support/free-port';
import type { RedisServer } from '../support/redis';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();

const clientCount = 4;
const workersPerClient = 8;
/** Nothing here is about time. */
const timeoutMs = 25_000;

let redis: RedisServer;
let port: number;

beforeEach(async () => {
  redis = await stack.redis();
  port = await freePort();
});

/** On the same port each time, ready or not. */
function start(): Promise<ServingProcess> {
  return stack.process({
    redis,
    settings: { GRPC_ADDRESS: `127.0.0.1:${port}` },
    awaitReady: false,
  });
}

interface Write {
  readonly id: string;
  outcome: 'in flight' | 'acknowledged' | 'failed';
}

/** One client, as SessionClient has it inside, and a session of its own that it reads and writes without pause. */
class Load {
  readonly writes: Write[] = [];
  readonly failures: string[] = [];
  readonly missing: string[] = [];
  readonly #transport: Transport;
  #token = '';
  #stopped = false;
  #paused: Promise<void> | undefined;
  #work: Promise<unknown> = Promise.resolve();

  constructor(
    readonly name: string,
    address: string,
  ) {
    const channel = openChannel(address);
    this.#transport = retryingTransport(new PipelineTransport(channel, address, unaryTransport(channel, address)));
    stack.defer(() => this.close());
  }

  async start(): Promise<void> {
    const request = { mutations: [mutation.set('n', '0'), mutation.set('log', '[]')], idleExpiry: undefined };
    const created = await this.#transport.call('createSession', { ...request, subject: undefined }, deadline());
    this.#token = created.token;
    const workers = Array.from({ length: workersPerClient }, (_, number) => this.#run(number));
    this.#work = Promise.all(workers);
  }

  get acknowledged(): readonly string[] {
    return this.writes.filter(({ outcome }) => outcome === 'acknowledged').map(({ id }) => id);
  }

  get inFlight(): readonly Write[] {
    return this.writes.filter(({ outcome }) => outcome === 'in flight');
  }

  /** Begins nothing new until it is resumed. */
  pause(): () => void {
    let resume!: () => void;
    this.#paused = new Promise((resolve) => (resume = resolve));
    return () => {
      this.#paused = undefined;
      resume();
    };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#work;
  }

  async stored(): Promise<{ n: number; log: string[] }> {
    const { session } = await this.#transport.call('getSession', { token: this.#token }, deadline());
    const [n, log] = ['n', 'log'].map((key) => JSON.parse(String(session!.data.get(key))) as unknown);
    return { n: n as number, log: log as string[] };
  }

  close(): void {
    this.#stopped = true;
    this.#transport.close();
  }

  /** The first only writes, so that there is always a change in flight. */
  async #run(worker: number): Promise<void> {
    for (let turn = 0; !this.#stopped; turn++) {
      while (this.#paused !== undefined) await this.#paused;
      if (worker === 0 || (turn + worker) % 2 === 0) await this.#write(`${this.name}-${worker}-${turn}`);
      else await this.#read();
    }
  }

  async #write(id: string): Promise<void> {
    const write: Write = { id, outcome: 'in flight' };
    this.writes.push(write);
    const mutations = [mutation.increment('n', 1), mutation.append('log', JSON.stringify(id))];
    const rest = { ifVersion: undefined, idleExpiry: undefined, subject: undefined };
    try {
      await this.#transport.call('updateSession', { token: this.#token, mutations, ...rest }, deadline());
      write.outcome = 'acknowledged';
    } catch (error) {
      write.outcome = 'failed';
      this.failures.push(`write ${id}: ${String(error)}`);
      if (!SessionError.is(error)) throw error;
    }
  }

  async #read(): Promise<void> {
    const known = this.acknowledged;
    try {
      const log = new Set((await this.stored()).log);
      this.missing.push(...known.filter((id) => !log.has(id)));
    } catch (error) {
      this.failures.push(`read: ${String(error)}`);
      if (!SessionError.is(error)) throw error;
    }
  }
}

function deadline(): RunningCall {
  return { deadline: performance.now() + timeoutMs };
}

async function startLoad(): Promise<readonly Load[]> {
  const started = Array.from({ length: clientCount }, (_, number) => new Load(`c${number}`, `127.0.0.1:${port}`));
  await Promise.all(started.map((load) => load.start()));
  return started;
}

/** Waits until each client has got this many more acknowledgements. */
async function progress(clients: readonly Load[], count = 20): Promise<void> {
  const goals = clients.map(({ acknowledged }) => acknowledged.length + count);
  await until('all clients to get on', () =>
    clients.every(({ acknowledged }, index) => acknowledged.length >= goals[index]!),
  );
}

const failuresOf = (clients: readonly Load[]): readonly string[] => clients.flatMap(({ failures }) => failures);

describe('a sidecar that is started again under load', () => {
  test('after SIGTERM fails no call, and each acknowledged increment counts exactly once', async () => {
    let sidecar = await start();
    const clients = await startLoad();
    for (let restart = 0; restart < 3; restart++) {
      await progress(clients);
      sidecar.child.kill('SIGTERM');
      expect(await sidecar.exit).toEqual({ code: 0, signal: null });
      sidecar = await start();
    }
    await progress(clients);
    await Promise.all(clients.map((client) => client.stop()));
    expect(failuresOf(clients)).toEqual([]);
    for (const client of clients) {
      const { n, log } = await client.stored();
      expect([...log].sort()).toEqual([...client.acknowledged].sort());
      expect(n).toBe(log.length);
      expect(client.missing).toEqual([]);
    }
  });

  test('after kill -9 fails only changes that were in flight, which happened once or not at all, and loses nothing', async () => {
    let sidecar = await start();
    const clients = await startLoad();
    const doubtful = new Set<string>();
    for (let restart = 0; restart < 2; restart++) {
      await progress(clients);
      // What is in flight now gets no answer any more, so that each client learns of the kill by its own changes.
      redis.freeze();
      await until('each client to have a change in flight', () => clients.every(({ inFlight }) => inFlight.length > 0));
      const resume = clients.map((client) => client.pause());
      for (const { inFlight } of clients) for (const { id } of inFlight) doubtful.add(id);
      sidecar.child.kill('SIGKILL');
      await sidecar.exit;
      await until('the clients to learn of it', () => clients.every(({ inFlight }) => inFlight.length === 0));
      redis.thaw();
      // Begun while there is no sidecar.
      for (const each of resume) each();
      sidecar = await start();
    }
    await progress(clients);
    await Promise.all(clients.map((client) => client.stop()));

    const failed = clients.flatMap(({ writes }) => writes.filter(({ outcome }) => outcome === 'failed'));
    // Redis may have answered some of those in flight before it was frozen. If it had answered all, this would prove nothing.
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.filter(({ id }) => !doubtful.has(id))).toEqual([]);
    expect(failuresOf(clients)).toHaveLength(failed.length);
    for (const failure of failuresOf(clients)) expect(failure).toContain('UNAVAILABLE');
    for (const client of clients) {
      const { n, log } = await client.stored();
      expect(new Set(log).size).toBe(log.length);
      expect(n).toBe(log.length);
      expect(log).toEqual(expect.arrayContaining([...client.acknowledged]));
      const acknowledged = new Set(client.acknowledged);
      expect(log.filter((id) => !acknowledged.has(id) && !doubtful.has(id))).toEqual([]);
      expect(client.missing).toEqual([]);
    }
  });
});
