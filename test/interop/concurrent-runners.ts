import { beforeAll, test } from '@jest/globals';
import type { Stack } from '../support/stack';
import { buildGo, sayIfMissing, toolchains } from '../support/toolchains';
import type { Found } from '../support/toolchains';
import { goStarters } from './go-runner';
import { pythonStarters } from './python-runner';
import type { RunnerOptions } from './child-runner';
import type { Runner } from './runner';

interface ConcurrentRunner {
  readonly language: string;
  testIf(name: string, run: () => Promise<void>): void;
  start(stack: Stack, address: string, options?: RunnerOptions): Runner;
}

/**
 * The ways to use the Go and Python clients, for tests that run side by side because they mostly wait. Tests of a toolchain that is
 * missing are skipped.
 *
 * @param what the tests are about
 */
export function concurrentRunners(what: string): readonly ConcurrentRunner[] {
  const { go, python } = toolchains();
  sayIfMissing(`${what} in Go`, go);
  sayIfMissing(`${what} in Python`, python);
  // Before the tests, because a build blocks this process, with the sidecars in it.
  beforeAll(() => {
    if (go.missing === undefined) buildGo(go, 'test/interop/go');
  });
  const starters = Object.entries({ ...goStarters(go), ...pythonStarters(python) });
  return starters.map(([language, { toolchain, start }]) => ({
    language,
    testIf: toolchain.missing === undefined ? test.concurrent : test.skip,
    start: (stack, address, options) => start(stack, toolchain as Found, address, options),
  }));
}
