import { join } from 'node:path';
import { describe, test } from '@jest/globals';
import { execute } from '../support/commands';
import { stackForAllTests } from '../support/stack';
import { sayIfMissing, toolchains } from '../support/toolchains';
import type { Found } from '../support/toolchains';

/* Pyramid applications behind waitress, with a real sidecar. The tests themselves are in Python. */

const root = join(__dirname, '..', '..');
const stack = stackForAllTests();
const { python } = toolchains();
sayIfMissing('sessions in Pyramid', python);
const testIf = python.missing === undefined ? test : test.skip;

describe('sessions in Pyramid', () => {
  testIf.each(['memory', 'Redis'])(
    'do what the former libraries and our guide say, on the %s store',
    async (store) => {
      const sidecar = await stack.sidecar(store === 'Redis' ? { redis: await stack.redis() } : {});
      const { command, env } = python as Found;
      const args = ['-m', 'unittest', 'discover', '-s', 'test/interop/pyramid'];
      const addresses = { SIDECAR_ADDRESS: sidecar.address, SIDECAR_HTTP_URL: sidecar.httpUrl };
      await execute(command, args, { cwd: root, env: { ...env, ...addresses } });
    },
    300_000,
  );
});
