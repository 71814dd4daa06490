import type { Stack } from '../support/stack';
import { defaultTimeoutSeconds } from './runner';
import type { Outcome, Runner } from './runner';

export interface RunnerOptions {
  /** The deadline of a call. Default: {@link defaultTimeoutSeconds}. */
  readonly timeoutSeconds?: number;
  readonly apiTokenFile?: string;
  /** More environment variables. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface RunnerProgram {
  readonly command: string;
  /** What precedes the arguments that all runners take. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** The environment variable that gives a client a cache which is large enough for every test. */
export const cacheVariable = { CACHE: String(1 << 24) } as const;

/** Starts a program that reads orders and writes outcomes, each as a line of JSON. */
export function startChildRunner(
  stack: Stack,
  { command, args, env }: RunnerProgram,
  address: string,
  { timeoutSeconds = defaultTimeoutSeconds, apiTokenFile, env: more }: RunnerOptions,
): Runner {
  const common = [address, String(timeoutSeconds), ...(apiTokenFile === undefined ? [] : [apiTokenFile])];
  const program = stack.lineProgram(command, [...args, ...common], { env: { ...env, ...more } });
  return { run: async (order) => JSON.parse(await program.ask(JSON.stringify(order))) as Outcome };
}
