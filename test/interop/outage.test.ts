import { beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '../support/poll';
import type { RedisServer } from '../support/redis';
import type { Sidecar } from '../support/sidecar';
import { stackForEachTest } from '../support/stack';
import { sayIfMissing, toolchains } from '../support/toolchains';
import type { Found } from '../support/toolchains';
import { goStarters } from './go-runner';
import { pythonStarters } from './python-runner';
import type { Runner } from './runner';

const { go, python } = toolchains();
sayIfMissing('outages of the sidecar in Go', go);
sayIfMissing('outages of the sidecar in Python', python);
const starters = { ...goStarters(go), ...pythonStarters(python) };

/** Generous, because a starved machine needs seconds to start a client and to connect it. */
const patienceMs = 60_000;

const stack = stackForEachTest();
let redis: RedisServer;
let sidecar: Sidecar;
let runner: Runner;

beforeEach(async () => {
  redis = await stack.redis();
  sidecar = await stack.sidecar({ redis });
});

describe.each(Object.entries(starters))('%s', (_language, { toolchain, start }) => {
  const testIf = toolchain.missing === undefined ? test : test.skip;
  const run = (op: string, more = {}) => runner.run({ actor: 'me', op, ...more });

  /** Starts a runner whose calls fail after two seconds, and waits until it is connected. */
  const connect = async () => {
    runner = start(stack, toolchain as Found, sidecar.address, { timeoutSeconds: 2 });
    await run('open');
    await run('set', { key: 'a', value: '1' });
    await until('the first save', async () => (await run('save')).error === undefined, patienceMs);
  };

  testIf(
    'reports that no sidecar answers, keeps unsaved changes, and reconnects',
    async () => {
      await connect();
      await run('set', { key: 'b', value: '2' });

      await sidecar.close();
      expect(await run('save')).toMatchObject({ error: { code: 'UNAVAILABLE', status: 503 } });
      expect(await run('describe')).toMatchObject({ result: { hasChanges: true } });
      const { token } = (await run('describe')).result as { token: string };
      expect(await runner.run({ actor: 'other', op: 'open', token })).toMatchObject({ error: { code: 'UNAVAILABLE' } });

      await stack.sidecar({ redis, address: sidecar.address });
      await until('the change to be saved', async () => (await run('save')).error === undefined, patienceMs);
      const other = (op: string, more = {}) => runner.run({ actor: 'other', op, ...more });
      const isOpen = async () => (await other('open', { token })).error === undefined;
      await until('the session to be opened', isOpen, patienceMs);
      expect(await other('get', { key: 'b' })).toEqual({ result: '2' });
    },
    120_000,
  );

  testIf(
    'reports that the store does not answer, and when to retry',
    async () => {
      await connect();
      await run('set', { key: 'b', value: '2' });
      await redis.stop();
      const error = await until(
        'a save that fails because of the store',
        async () => {
          const { error: failure } = await run('save');
          // On a busy machine, the last attempt of a save may fail for another reason, such as its deadline.
          return failure?.['code'] === 'STORE_UNAVAILABLE' && failure;
        },
        patienceMs,
      );
      expect(error).toMatchObject({ status: 503, metadata: { maybe_applied: expect.any(String) } });
      expect(error['retryAfterMs']).toBeGreaterThan(0);
    },
    120_000,
  );
});
