import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { GetSessionResponse, UpdateSessionResponse } from '@session-sidecar/proto/session/v1/session_service';
import { until } from '../support/poll';
import { connectRaw, mutation } from '../support/raw-grpc';
import type { MethodName, RawClient, RequestOf } from '../support/raw-grpc';
import { callOf, connectBare, openPipeline } from '../support/raw-pipeline';
import type { RawPipeline } from '../support/raw-pipeline';
import { metricOf } from '../support/ready-sidecar';
import type { RedisServer } from '../support/redis';
import type { Sidecar } from '../support/sidecar';
import { stackForAllTests, stackForEachTest } from '../support/stack';

const noEtag = Buffer.alloc(0);
const shared = stackForAllTests();
const stack = stackForEachTest();
let redis: RedisServer;

beforeAll(async () => {
  redis = await shared.redis();
});

/** A client that keeps copies, as generated stubs have it. */
class Copies {
  readonly raw: RawClient;
  readonly stream: RawPipeline;
  #lastId = 0;

  constructor(readonly sidecar: Sidecar) {
    this.raw = stack.use(connectRaw(sidecar.address));
    this.stream = openPipeline(stack.use(connectBare(sidecar.address, { own: true })));
    stack.defer(() => this.stream.cancel());
  }

  /** Requests confirmation until there is one, from whatever moment on. */
  async subscribed(): Promise<void> {
    await until('confirmation', () => {
      this.stream.send({ confirm: 1_000_000 });
      return this.stream.reports.some(({ confirmed }) => confirmed > 0);
    });
  }

  /** What is confirmed to a request by a clock that is ahead of those before. */
  async confirmed(clock: number): Promise<number> {
    this.stream.send({ confirm: clock });
    return until('an answer', () => this.stream.reports.find(({ confirmed }) => confirmed > clock / 2)?.confirmed);
  }

  get changes() {
    return this.stream.reports.flatMap(({ changed }) => changed);
  }

  call<M extends MethodName>(method: M, request: Partial<RequestOf<M>>): Promise<Buffer> {
    const id = (this.#lastId += 1);
    this.stream.send({ calls: [callOf(id, method, request)] });
    return this.stream.reply(id);
  }

  async read(token: string, etag: Buffer | undefined = noEtag): Promise<GetSessionResponse> {
    return GetSessionResponse.decode(await this.call('getSession', { token, etag }));
  }

  async update(token: string, etag: Buffer | undefined, value = '1'): Promise<UpdateSessionResponse> {
    const mutations = [mutation.set('a', value)];
    return UpdateSessionResponse.decode(await this.call('updateSession', { token, mutations, etag }));
  }
}

async function start(settings: Record<string, string> = {}): Promise<Copies> {
  return new Copies(await stack.sidecar({ redis, settings }));
}

async function newSession({ raw }: Copies): Promise<{ token: string; handle: string }> {
  const { token, session } = await raw.call('createSession', { mutations: [mutation.set('a', '0')] });
  return { token, handle: session!.handle };
}

describe.each<[string, () => Promise<Copies>]>([
  ['Redis', () => start()],
  ['the memory store', async () => new Copies(await stack.sidecar())],
])('with %s', (_, startHere) => {
  let here: Copies;

  beforeEach(async () => {
    here = await startHere();
  });

  test('a client that sends no etag gets none, and nothing else about copies', async () => {
    const { token } = await newSession(here);
    expect(await here.raw.call('getSession', { token })).toMatchObject({
      etag: noEtag,
      liveMs: 0,
      notModified: undefined,
    });
    expect(await here.update(token, undefined)).toMatchObject({ etag: noEtag, liveMs: 0 });
  });

  test('a copy that is current is confirmed without the session, and one that is not is replaced', async () => {
    const { token } = await newSession(here);
    const first = await here.read(token);
    expect(first.session?.version).toBe(1);
    const second = await here.read(token, first.etag);
    expect(second).toMatchObject({ session: undefined, etag: first.etag });
    expect(second.notModified!.expires).toEqual(first.session!.expires);
    await here.update(token, undefined);
    const third = await here.read(token, first.etag);
    expect(third.session?.version).toBe(2);
    expect(third.etag).not.toEqual(first.etag);
  });

  test('an update names the new state only to a client whose copy it was applied to', async () => {
    const { token } = await newSession(here);
    const { etag } = await here.read(token);
    const second = await here.update(token, etag);
    expect((await here.read(token, second.etag)).notModified).toBeDefined();
    // Somebody else's change came first.
    await here.update(token, undefined, '2');
    expect(await here.update(token, second.etag, '3')).toMatchObject({ etag: noEtag, liveMs: 0 });
  });

  test('an update that changes nothing names the state that it has found', async () => {
    const { token } = await newSession(here);
    const { etag } = await here.read(token);
    const nothing = async (held: Buffer) => {
      const mutations = [mutation.delete('missing')];
      return UpdateSessionResponse.decode(await here.call('updateSession', { token, mutations, etag: held }));
    };
    expect(await nothing(etag)).toMatchObject({ version: 1, etag });
    await here.update(token, undefined);
    expect(await nothing(etag)).toMatchObject({ version: 2, etag: noEtag });
  });

  test('every change is reported to every stream with its version, and the end of a session without one', async () => {
    const other = new Copies(here.sidecar);
    await here.subscribed();
    await other.subscribed();
    const { token, handle } = await newSession(here);
    await here.update(token, undefined);
    await here.raw.call('newCsrfToken', { token });
    await here.raw.call('invalidateSession', { token });
    for (const { stream } of [here, other]) {
      await until('the end', () => stream.reports.some(({ changed }) => changed.some(({ version }) => version === 0)));
      const versions = stream.reports.flatMap(({ changed }) => changed.map(({ version }) => version));
      expect(versions.at(-1)).toBe(0);
      // Changes that wait together are reported as one.
      expect([0, 2, 3]).toEqual(expect.arrayContaining(versions));
    }
    expect(new Set(here.changes.map((change) => change.handle))).toEqual(new Set([handle]));
    expect(await metricOf(here.sidecar, 'session_sidecar_client_cache_streams')).toBe(2);
  });

  test('a change is reported by the time its own caller has its reply', async () => {
    await here.subscribed();
    const { token, handle } = await newSession(here);
    const { version } = await here.update(token, undefined);
    expect(here.changes).toEqual([{ handle, version }]);
  });

  test('confirmation is by the clock of the client, and not later than it asked', async () => {
    await here.subscribed();
    const confirmed = await here.confirmed(10_000_000);
    expect(confirmed).toBeLessThanOrEqual(10_000_000);
    expect(confirmed).toBeGreaterThan(10_000_000 - 30_000);
  });

  test('a read reports how long it is live, at most until an access is due to be recorded', async () => {
    const { token } = await newSession(here);
    const { liveMs } = await here.read(token);
    expect(liveMs).toBeGreaterThan(0);
    expect(liveMs).toBeLessThanOrEqual(60_000);
  });
});

describe('with Redis', () => {
  test('changes through another sidecar are reported, each time, also after changes of its own', async () => {
    const [here, there] = [await start(), await start()];
    await here.subscribed();
    const { token, handle } = await newSession(there);
    for (let round = 0; round < 5; round += 1) {
      await here.read(token);
      await here.update(token, undefined);
      const before = here.changes.length;
      await there.update(token, undefined);
      await until('the report', () => here.changes.length > before);
      expect(here.changes.at(-1)).toEqual({ handle, version: 0 });
    }
  });

  test('an access that is recorded here does not end the reports', async () => {
    const [here, there] = [await start({ TOUCH_INTERVAL: '1ms' }), await start()];
    await here.subscribed();
    const { token } = await newSession(there);
    await here.read(token);
    await here.read(token);
    await there.update(token, undefined);
    await until('the report', () => here.changes.length > 0);
  });

  test('without a client that keeps copies, Redis tracks nothing', async () => {
    const here = await start();
    const { token } = await newSession(here);
    await here.read(token);
    await here.update(token, undefined);
    expect(await redis.admin.info('clients')).toMatch(/tracking_clients:0/);
    expect(String(await redis.admin.client('LIST'))).not.toContain('session-sidecar-changes');
    await here.subscribed();
    expect(await redis.admin.info('clients')).toMatch(/tracking_clients:1/);
  });

  test('after a lost connection, every copy is suspect and every etag is another', async () => {
    const here = await start();
    await here.subscribed();
    const { token } = await newSession(here);
    const { etag } = await here.read(token);
    const before = here.stream.reports.length;
    await redis.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await until('the loss', () => here.stream.reports.slice(before).some(({ allChanged }) => allChanged));
    const again = await until('another read', () => here.read(token, etag).catch(() => undefined));
    expect(again.session?.version).toBe(1);
    expect(again.etag).not.toEqual(etag);
  });

  test('a change is reported when it was made, not when replicas have confirmed it', async () => {
    const here = await start({
      REDIS_WAIT_REPLICAS: '1',
      REDIS_WAIT_TIMEOUT: '3s',
    });
    const { token, handle } = await newSession(await start());
    await here.subscribed();
    const update = here.update(token, undefined);
    let isAnswered = false;
    const answered = update.catch(() => undefined).then(() => (isAnswered = true));
    await until('the report', () => here.changes.some((change) => change.handle === handle));
    expect(isAnswered).toBe(false);
    await answered;
  });

  test('without TTLs, no read is live, and nothing is confirmed', async () => {
    const here = await start({ REDIS_TTL: 'off' });
    here.stream.send({ confirm: 1000 });
    const { token } = await newSession(here);
    const { etag, liveMs } = await here.read(token);
    expect(liveMs).toBe(0);
    const { notModified, liveMs: again } = await here.read(token, etag);
    expect([notModified === undefined, again]).toEqual([false, 0]);
    expect(here.stream.reports).toEqual([]);
  });
});
