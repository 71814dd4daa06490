import { join } from 'node:path';
import type { Stack } from '../support/stack';
import type { Toolchain } from '../support/toolchains';
import { startChildRunner } from './child-runner';
import type { RunnerOptions } from './child-runner';
import type { Runner } from './runner';

/** The ways to use the Python client: MODES in test/interop/python/modes.py. */
export const pythonModes = ['pipeline', 'unary', 'asyncio pipeline', 'asyncio unary'] as const;
export type PythonMode = (typeof pythonModes)[number];

export interface PythonOptions extends RunnerOptions {
  /** Default: the blocking client over a pipeline. */
  readonly mode?: PythonMode;
}

export function startPython(
  stack: Stack,
  { command, env }: Toolchain,
  address: string,
  { mode = 'pipeline', ...options }: PythonOptions = {},
): Runner {
  const program = { command, args: [join(__dirname, 'python', 'runner.py'), mode], env };
  return startChildRunner(stack, program, address, options);
}

/** Starts a runner for each way to use the Python client, by name. */
export function pythonStarters<T>(python: T) {
  const entries = pythonModes.map((mode) => {
    const start: typeof startPython = (stack, toolchain, address, options) =>
      startPython(stack, toolchain, address, { ...options, mode });
    return [`python, ${mode}`, { toolchain: python, start }] as const;
  });
  return Object.fromEntries(entries);
}
