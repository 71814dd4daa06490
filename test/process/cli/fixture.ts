import { definitions } from '../../../server/src/cli';
import { exitsOf } from '../../../server/src/cli/command';
import { exitCodes } from '../../../server/src/cli/exit-codes';
import type { Exit } from '../../../server/src/cli/exit-codes';
import { outcomeOf } from '../../support/commands';
import { until } from '../../support/poll';
import { asVariables, binary, metricsOf } from '../../support/process';

export interface RunOptions {
  /** Settings without `SESSION_SIDECAR_`. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

export interface Outcome {
  readonly exit: Exit;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment of a command: of the test's, only PATH. */
export function environment({ settings = {}, env = {} }: RunOptions = {}): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], ...asVariables(settings), ...env };
}

/** Runs a command of the built program, and checks that it ends in a way that its help lists. */
export function run(args: readonly string[], options: RunOptions = {}): Outcome {
  const { input = '' } = options;
  const { status, stdout, stderr } = outcomeOf(process.execPath, [binary, ...args], {
    env: environment(options),
    input,
  });
  const exit = exitOf(status);
  const definition = definitions.find(({ name }) => args.slice(0, name.split(' ').length).join(' ') === name);
  if (definition !== undefined && !exitsOf(definition).includes(exit)) {
    throw new Error(`${definition.name} does not list the exit code ${status}: ${stderr}`);
  }
  return { exit, stdout, stderr };
}

/** Runs a command that must succeed, with `--json`. */
export function json(args: readonly string[], options?: RunOptions): unknown {
  const { exit, stdout, stderr } = run([...args, '--json'], options);
  if (exit !== 'ok') throw new Error(`${exit}: ${stderr}`);
  return JSON.parse(stdout);
}

export function exitOf(status: number | null): Exit {
  const found = Object.entries(exitCodes).find(([, { code }]) => code === status);
  if (found === undefined) throw new Error(`Unknown exit code ${status}`);
  return found[0] as Exit;
}

/** Runs a command on a pseudo-terminal, where standard output and standard error are one. */
export function onTerminal(args: readonly string[], options: RunOptions = {}): string {
  const command = [process.execPath, binary, ...args].map((word) => `'${word}'`).join(' ');
  const { stdout } = outcomeOf('script', ['--quiet', '--command', command, '/dev/null'], {
    env: { TERM: 'xterm', ...environment(options) },
    input: options.input ?? '',
  });
  return stdout.replaceAll('\r\n', '\n');
}

/** Waits until a sidecar has answered reads. */
export async function untilUnderLoad(httpUrl: string): Promise<void> {
  await until('calls to be answered', async () => {
    const { value } = await metricsOf({ httpUrl });
    return (value('session_sidecar_rpcs_total', { method: 'GetSession', status: 'OK' }) ?? 0) > 10;
  });
}
