import { join } from 'node:path';
import { beforeAll, describe, test } from '@jest/globals';
import { execute, outcomeOf } from '../support/commands';
import { stackForAllTests } from '../support/stack';
import { sayIfMissing, toolchains } from '../support/toolchains';
import type { Found } from '../support/toolchains';

const root = join(__dirname, '..', '..');
const { go } = toolchains();
sayIfMissing('sessions in web applications in Go', go);
const run = go.missing === undefined ? test : test.skip;

const stack = stackForAllTests();
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  const redis = await stack.redis();
  const sidecar = await stack.sidecar({ redis });
  environment = { SIDECAR_ADDRESS: sidecar.address, REDIS_ADDRESS: new URL(redis.url).host };
});

/** Tests a Go package. Rejects with everything that was printed, if it fails. */
async function testGo(folder: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<void> {
  const { command, env } = go as Found;
  const options = { cwd: join(root, folder), env: { ...env, ...environment, ...more } };
  // Without the cache: whether a result is still valid depends on the sidecar, too.
  await execute(command, ['test', '-mod=readonly', '-vet=off', '-count=1', ...args], options).catch(
    (failure: unknown) => {
      const { stdout, stderr } = failure as { stdout: string; stderr: string };
      throw new Error(stdout + stderr);
    },
  );
}

describe('sessions in web applications in Go', () => {
  /** The race detector requires a C compiler. */
  const hasRace = outcomeOf('cc', ['--version']).status === 0;

  run(
    'hold on real servers, with the race detector',
    async () => {
      await testGo('test/interop/go/web', hasRace ? ['-race', '.'] : ['.'], hasRace ? { CGO_ENABLED: '1' } : {});
    },
    600_000,
  );

  run('have examples that print what they say', () => testGo('client/go', ['-run', '^Example', './...']));
});
