import { describe, test } from '@jest/globals';
import { execute } from '../../support/commands';
import { withStack } from '../../support/stack';
import { sayIfMissing, toolchains } from '../../support/toolchains';

const { python } = toolchains();
sayIfMissing('the session store of Django', python);

const suites = ['store', 'keys', 'parallel', 'async', 'values', 'requests', 'messages', 'settings', 'damaged'];

describe('the session store of Django, against a real sidecar', () => {
  const testDjango = python.missing === undefined ? test.each(suites) : test.skip.each(suites);
  testDjango('test_django_%s.py passes', (suite) =>
    withStack(async (stack) => {
      if (python.missing !== undefined) return;
      const redis = await stack.redis();
      const sidecar = await stack.sidecar({ redis });
      const args = ['-m', 'unittest', `test_django_${suite}`];
      const env = { ...python.env, SIDECAR_ADDRESS: sidecar.address, REDIS_PORT: String(redis.port) };
      await execute(python.command, args, { cwd: __dirname, env }).catch((failure: unknown) => {
        throw new Error((failure as { stderr: string }).stderr);
      });
    })(),
  );
});
