import { expect } from '@jest/globals';
import { withStack } from '../support/stack';
import { concurrentRunners } from './concurrent-runners';

for (const { language, testIf, start } of concurrentRunners('logging out with a damaged record')) {
  testIf(
    `${language} ends a session whose record cannot be read`,
    withStack(async (stack) => {
      const redis = await stack.redis();
      const { address } = await stack.sidecar({ redis });
      const runner = start(stack, address);
      const run = (op: string, more = {}) => runner.run({ actor: 'me', op, ...more });
      await run('open');
      await run('set', { key: 'a', value: '1' });
      expect(await run('save')).not.toHaveProperty('error');
      const { token } = (await run('describe')).result as { token: string };
      const [key] = await redis.admin.keys('*');
      await redis.admin.set(key!, 'nonsense');
      expect(await runner.run({ actor: 'other', op: 'open', token })).toMatchObject({ error: { code: 'INTERNAL' } });

      expect(await run('invalidate')).not.toHaveProperty('error');
      expect(await redis.admin.keys('*')).toEqual([]);
      expect(await runner.run({ actor: 'other', op: 'open', token })).not.toHaveProperty('error');
    }),
  );
}
