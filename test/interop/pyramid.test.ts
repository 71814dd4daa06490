import { join } from 'node:path';
import { describe, test } from '@jest/globals';
import { execute } from '../support/commands';
import { asVariables, binary, onRedis } from '../support/process';
import type { RedisServer } from '../support/redis';
import type { Sidecar } from '../support/sidecar';
import { stackForAllTests } from '../support/stack';
import { sayIfMissing, toolchains } from '../support/toolchains';
import type { Found } from '../support/toolchains';

/* Pyramid applications behind waitress, with a real sidecar. The tests themselves are in Python. */

const root = join(__dirname, '..', '..');
const stack = stackForAllTests();
const { python } = toolchains();
sayIfMissing('sessions in Pyramid', python);
const testIf = python.missing === undefined ? test : test.skip;

async function runTests(
  pattern: string,
  sidecar: Sidecar,
  redis: RedisServer,
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { command, env } = python as Found;
  const args = ['-m', 'unittest', 'discover', '-s', 'test/interop/pyramid', '-p', pattern];
  const addresses = {
    SIDECAR_ADDRESS: sidecar.address,
    SIDECAR_HTTP_URL: sidecar.httpUrl,
    REDIS_PORT: `${redis.port}`,
  };
  await execute(command, args, { cwd: root, env: { ...env, ...addresses, ...more } });
}

describe('sessions in Pyramid', () => {
  testIf('do what the former libraries and the guides say', async () => {
    // For the former library, which some of them run beside this one.
    await runTests('test_*.py', await stack.sidecar(), await stack.redis());
  });

  testIf('have the members that the former libraries promise, in Redis, too', async () => {
    const redis = await stack.redis();
    const sidecar = await stack.sidecar({ redis });
    for (const suite of ['contract', 'dictionary', 'former'])
      await runTests(`test_pyramid_${suite}.py`, sidecar, redis);
  });

  testIf('find imported sessions of pyramid_session_redis with the cookies that it has signed', async () => {
    const redis = await stack.redis();
    const sidecar = await stack.sidecar({ redis });
    const IMPORT = JSON.stringify([process.execPath, binary, 'import', 'pyramid', '--json']);
    await runTests('moving_*.py', sidecar, redis, { ...asVariables(onRedis(redis)), IMPORT });
  });
});
