import { beforeAll, describe, expect, test } from '@jest/globals';
import { freeAddress } from '../support/free-port';
import { until } from '../support/poll';
import type { RedisServer } from '../support/redis';
import { countRpcs } from '../support/sidecar';
import type { Sidecar } from '../support/sidecar';
import { stackForAllTests, stackForEachTest } from '../support/stack';
import type { Stack } from '../support/stack';
import { sayIfMissing, toolchains } from '../support/toolchains';
import type { Found, Missing } from '../support/toolchains';
import { cacheVariable } from './child-runner';
import { startGo, unaryGo } from './go-runner';
import { startPython } from './python-runner';
import type { PythonOptions } from './python-runner';
import type { Runner } from './runner';

const { go, python } = toolchains();
sayIfMissing('the cache of the Go client', go);
sayIfMissing('the cache of the Python client', python);

/** A way to use a client. */
interface Way {
  readonly toolchain: Found | Missing;
  readonly start: typeof startPython;
  readonly options: PythonOptions;
  /** The options for unary calls. */
  readonly unary: PythonOptions;
}

const ways: Readonly<Record<string, Way>> = {
  'a Go program': { toolchain: go, start: startGo, options: {}, unary: unaryGo },
  'a Python program with threads': {
    toolchain: python,
    start: startPython,
    options: {},
    unary: { mode: 'unary' },
  },
  'a Python program with asyncio': {
    toolchain: python,
    start: startPython,
    options: { mode: 'asyncio pipeline' },
    unary: { mode: 'asyncio unary' },
  },
};

const shared = stackForAllTests();
const stack = stackForEachTest();
let redis: RedisServer;

beforeAll(async () => {
  redis = await shared.redis();
});

interface Stats {
  readonly live: number;
  readonly validated: number;
  readonly missed: number;
}

/** A program under test, and the actions the tests need. */
class CachingProgram {
  readonly #runner: Runner;

  constructor(runner: Runner) {
    this.#runner = runner;
  }

  async run(op: string, more: object = {}): Promise<unknown> {
    const { result, error } = await this.#runner.run({ actor: 'me', op, ...more });
    expect(error).toBeUndefined();
    return result;
  }

  /** Whether a call fails. */
  async fails(op: string, more: object = {}): Promise<boolean> {
    return (await this.#runner.run({ actor: 'me', op, ...more })).error !== undefined;
  }

  async newSession(): Promise<string> {
    await this.run('open');
    await this.run('set', { key: 'count', value: '0' });
    await this.run('save');
    return ((await this.run('describe')) as { token: string }).token;
  }

  async count(token: string): Promise<unknown> {
    await this.run('open', { token });
    return this.run('get', { key: 'count' });
  }

  async set(token: string, count: number): Promise<void> {
    await this.run('open', { token });
    await this.run('set', { key: 'count', value: String(count) });
    await this.run('save');
  }

  async origin(token: string): Promise<unknown> {
    await this.run('open', { token });
    return ((await this.run('describe')) as { origin: string }).origin;
  }

  /** How the cache opens the session: live, validated or missed. */
  async way(token: string): Promise<string> {
    const before = await this.#stats();
    await this.run('open', { token });
    const after = await this.#stats();
    const names = ['live', 'validated', 'missed'] as const;
    return names.filter((name) => after[name] > before[name]).join(' ');
  }

  async #stats(): Promise<Stats> {
    return (await this.run('cacheStats')) as Stats;
  }

  async untilLive(token: string): Promise<void> {
    await until('a live read', async () => (await this.way(token)) === 'live');
  }
}

describe.each(Object.entries(ways))('%s with a cache', (_name, { toolchain, start, options, unary }) => {
  const testIf = toolchain.missing === undefined ? test : test.skip;
  /** Without a cache. */
  const connectAnother = (on: Stack, at: { readonly address: string }, more: PythonOptions = {}) =>
    new CachingProgram(start(on, toolchain as Found, at.address, { ...options, ...more }));
  const connect = (on: Stack, at: { readonly address: string }, more: PythonOptions = {}) =>
    connectAnother(on, at, { ...more, env: { ...cacheVariable, ...more.env } });

  /** What most tests share: the program, others without a cache, at the same sidecar and at another. */
  let sidecar: Sidecar;
  let here: CachingProgram;
  let beside: CachingProgram;
  let elsewhere: CachingProgram;
  let token: string;

  beforeAll(async () => {
    if (toolchain.missing !== undefined) return;
    sidecar = await shared.sidecar({ redis });
    here = connect(shared, sidecar);
    beside = connectAnother(shared, sidecar);
    elsewhere = connectAnother(shared, await shared.sidecar({ redis }));
  });

  const begin = async () => {
    token = await here.newSession();
    await here.untilLive(token);
  };

  testIf('opens a session without a call', async () => {
    await begin();
    const before = (await countRpcs(sidecar))['GetSession'];
    for (let times = 0; times < 5; times += 1) expect(await here.count(token)).toBe('0');
    expect((await countRpcs(sidecar))['GetSession']).toBe(before);
  });

  testIf('sees its own changes at once, and stays live through them', async () => {
    await begin();
    for (let count = 1; count <= 20; count += 1) {
      await here.set(token, count);
      expect(await here.way(token)).toBe('live');
      expect(await here.count(token)).toBe(String(count));
    }
  });

  testIf('sees all kinds of changes that it makes as the sidecar has them', async () => {
    await begin();
    await here.run('open', { token });
    await here.run('clear');
    await here.run('set', { key: 'count', value: '7' });
    await here.run('set', { key: 'gone', value: '1' });
    await here.run('setDefault', { key: 'cart', value: '["a"]' });
    await here.run('flash', { value: '"hello"' });
    await here.run('flash', { value: '"error"', queue: 'errors' });
    await here.run('save');
    await here.run('open', { token });
    await here.run('delete', { key: 'gone' });
    await here.run('setDefault', { key: 'cart', value: '["b"]' });
    await here.run('save');
    expect(await here.way(token)).toBe('live');
    const shown = async (program: CachingProgram) => {
      await program.run('open', { token });
      const values = await Promise.all(['count', 'cart'].map((key) => program.run('get', { key })));
      return [await program.run('describe'), await program.run('keys'), values];
    };
    expect(await shown(here)).toEqual(await shown(beside));
    expect(await here.run('popFlash', { queue: 'errors' })).toEqual(['"error"']);
    await here.run('open', { token });
    expect(await here.run('popFlash', { queue: 'errors' })).toEqual([]);
    expect(await here.run('popFlash')).toEqual(['"hello"']);
  });

  testIf('sees changes of other programs, of this sidecar and of another', async () => {
    await begin();
    for (const there of [beside, elsewhere]) {
      for (let count = 1; count <= 10; count += 1) {
        await there.set(token, count);
        await until('the change', async () => (await here.count(token)) === String(count));
        await here.untilLive(token);
        await here.set(token, -count);
        expect(await there.count(token)).toBe(String(-count));
      }
    }
  });

  testIf('sees its own logout at once, and one elsewhere soon', async () => {
    await begin();
    await here.run('invalidate');
    expect(await here.origin(token)).toBe('not_found');

    token = await here.newSession();
    await here.untilLive(token);
    await elsewhere.run('open', { token });
    await elsewhere.run('invalidate');
    await until('the end', async () => (await here.origin(token)) === 'not_found');
  });

  testIf('finds the old token dead at once after a new one', async () => {
    await begin();
    await here.run('open', { token });
    await here.run('regenerate');
    const renewed = ((await here.run('describe')) as { token: string }).token;
    expect(await here.origin(token)).toBe('not_found');
    await here.untilLive(renewed);
    expect(await here.origin(token)).toBe('not_found');
    expect(await here.way(renewed)).toBe('live');
  });

  testIf('sees that Redis was emptied', async () => {
    await begin();
    await redis.admin.flushall();
    await until('the end', async () => (await here.origin(token)) === 'not_found');
  });

  testIf('stops answering from memory when Redis hangs, and is right when it goes on', async () => {
    const own = await stack.redis();
    const [near, far] = [await stack.sidecar({ redis: own }), await stack.sidecar({ redis: own })];
    // The test waits for a call to reach its deadline, but a starved machine needs seconds for the first one.
    const caching = connect(stack, near, { timeoutSeconds: 10 });
    const there = connectAnother(stack, far);
    token = await caching.newSession();
    await caching.untilLive(token);
    own.freeze();
    await until('the end of live reads', () => caching.fails('open', { token }));
    own.thaw();
    await until('Redis', async () => !(await there.fails('open', { token })));
    await there.set(token, 5);
    await until('the change', async () => (await caching.count(token)) === '5');
    await caching.untilLive(token);
  });

  testIf('stops answering from memory when its sidecar is replaced', async () => {
    const own = await stack.sidecar({ redis, address: await freeAddress() });
    const caching = connect(stack, own);
    token = await caching.newSession();
    await caching.untilLive(token);
    await own.close();
    await elsewhere.set(token, 5);
    await stack.sidecar({ redis, address: own.address });
    await until('the change', async () => (await caching.count(token)) === '5');
    await caching.untilLive(token);
  });

  testIf.each<[string, Record<string, string>, PythonOptions]>([
    ['by unary calls', {}, unary],
    ['without TTLs in Redis', { REDIS_TTL: 'off' }, {}],
  ])('only validates %s', async (_when, settings, more) => {
    const validating = connect(stack, await stack.sidecar({ redis, settings }), more);
    token = await validating.newSession();
    expect(await validating.way(token)).toBe('missed');
    for (let times = 0; times < 5; times += 1) expect(await validating.way(token)).toBe('validated');
    await validating.set(token, 5);
    expect(await validating.way(token)).toBe('validated');
    expect(await validating.count(token)).toBe('5');
  });
});
