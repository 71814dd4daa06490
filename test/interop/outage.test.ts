import { expect } from '@jest/globals';
import { freeAddress } from '../support/free-port';
import { until } from '../support/poll';
import { withStack } from '../support/stack';
import type { Stack } from '../support/stack';
import { concurrentRunners } from './concurrent-runners';

for (const { language, testIf, start } of concurrentRunners('outages of the sidecar')) {
  /** Starts a Redis, a sidecar, and a runner whose calls fail after two seconds, and waits until the runner is connected. */
  const connect = async (stack: Stack) => {
    const redis = await stack.redis();
    const sidecar = await stack.sidecar({ redis, address: await freeAddress() });
    const runner = start(stack, sidecar.address, { timeoutSeconds: 2 });
    const run = (op: string, more = {}) => runner.run({ actor: 'me', op, ...more });
    const other = (op: string, more = {}) => runner.run({ actor: 'other', op, ...more });
    await run('open');
    await run('set', { key: 'a', value: '1' });
    await until('the first save', async () => (await run('save')).error === undefined);
    return { redis, sidecar, run, other };
  };

  testIf(
    `${language} reports that no sidecar answers, keeps unsaved changes, and reconnects`,
    withStack(async (stack) => {
      const { redis, sidecar, run, other } = await connect(stack);
      await run('set', { key: 'b', value: '2' });

      await sidecar.close();
      expect(await run('save')).toMatchObject({ error: { code: 'UNAVAILABLE', status: 503 } });
      expect(await run('describe')).toMatchObject({ result: { hasChanges: true } });
      const { token } = (await run('describe')).result as { token: string };
      expect(await other('open', { token })).toMatchObject({ error: { code: 'UNAVAILABLE' } });

      await stack.sidecar({ redis, address: sidecar.address });
      await until('the change to be saved', async () => (await run('save')).error === undefined);
      const isOpen = async () => (await other('open', { token })).error === undefined;
      await until('the session to be opened', isOpen);
      expect(await other('get', { key: 'b' })).toEqual({ result: '2' });
    }),
  );

  testIf(
    `${language} reports that the store does not answer, and when to retry`,
    withStack(async (stack) => {
      const { redis, run } = await connect(stack);
      await run('set', { key: 'b', value: '2' });
      await redis.stop();
      const error = await until('a save that fails because of the store', async () => {
        const { error: failure } = await run('save');
        // On a busy machine, the last attempt of a save may fail for another reason, such as its deadline.
        return failure?.['code'] === 'STORE_UNAVAILABLE' && failure;
      });
      expect(error).toMatchObject({ status: 503, metadata: { maybe_applied: expect.any(String) } });
      expect(error['retryAfterMs']).toBeGreaterThan(0);
    }),
  );
}
