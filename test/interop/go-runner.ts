import type { Stack } from '../support/stack';
import { buildGo } from '../support/toolchains';
import type { Toolchain } from '../support/toolchains';
import { cacheVariable, startChildRunner } from './child-runner';
import type { RunnerOptions } from './child-runner';
import type { Runner } from './runner';

export function startGo(stack: Stack, toolchain: Toolchain, address: string, options: RunnerOptions = {}): Runner {
  const program = { command: buildGo(toolchain, 'test/interop/go'), args: [], env: toolchain.env };
  return startChildRunner(stack, program, address, options);
}

export const unaryGo: RunnerOptions = { env: { TRANSPORT: 'unary' } };

/** Sends each call as an HTTP/2 request of its own, instead of all calls over one stream. */
export function startGoUnary(stack: Stack, toolchain: Toolchain, address: string, options: RunnerOptions = {}): Runner {
  return startGo(stack, toolchain, address, { ...options, env: { ...options.env, ...unaryGo.env } });
}

export function startGoWithCache(
  stack: Stack,
  toolchain: Toolchain,
  address: string,
  options: RunnerOptions = {},
): Runner {
  return startGo(stack, toolchain, address, { ...options, env: { ...options.env, ...cacheVariable } });
}

/** Starts a runner for each way to use the Go client, by name. */
export function goStarters<T>(go: T) {
  return {
    go: { toolchain: go, start: startGo },
    'go over unary calls': { toolchain: go, start: startGoUnary },
    'go with a cache': { toolchain: go, start: startGoWithCache },
  };
}
