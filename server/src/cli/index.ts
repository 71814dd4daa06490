import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { checkConfig } from './check-config';
import { isCliError, isConfigError } from './cli-error';
import type { CommandDefinition } from './command';
import { completionOf } from './completion';
import { doctor } from './doctor';
import { refuseTokens } from './exposed-tokens';
import { exitCodes } from './exit-codes';
import type { Exit } from './exit-codes';
import { importConnectRedis, importJson, importPyramid } from './import';
import { load } from './load';
import { Output } from './output';
import { createProgram, exitOf } from './program';
import { newSecret, secretFingerprint } from './secret';
import { invalidateSession, showSession } from './session';
import { countSessions, revokeSessions } from './sessions';
import { stats } from './stats';
import { invalidateSubject, listSubject } from './subject';

/** Every command but `serve`, in the order of the help. */
export const definitions: readonly CommandDefinition[] = [
  checkConfig,
  doctor,
  newSecret,
  secretFingerprint,
  showSession,
  invalidateSession,
  listSubject,
  invalidateSubject,
  countSessions,
  revokeSessions,
  stats,
  load,
  importConnectRedis,
  importPyramid,
  importJson,
  completionOf(() => definitions),
];

/** The process that a command runs in. */
export type Host = Pick<NodeJS.Process, 'env' | 'stdin' | 'stdout' | 'stderr' | 'once' | 'exitCode'>;

/**
 * Runs a command, and sets the exit code of the process, which ends when nothing is left to do.
 *
 * @param args the command line without the program
 */
export async function runCli(args: readonly string[], host: Host): Promise<void> {
  const { env, stdin, stdout, stderr } = host;
  // A reader such as `head` may close the pipe early.
  stdout.on('error', () => {});
  // For libraries: commands print what they find, and nothing else.
  // eslint-disable-next-line no-restricted-syntax -- once in a process
  console.warn = () => {};
  const interrupted = new AbortController();
  let exit: Exit = 'ok';
  const program = createProgram(
    definitions,
    async ({ run, options: own }, options, rest) => {
      host.once('SIGINT', () => interrupted.abort());
      const output = new Output({ stdout, stderr, env, json: options['json'] === true });
      const otherWords = { flags: own.flatMap(({ long }) => long?.slice(2) ?? []) };
      const common = { env, stdin, output, otherWords, readFile: readFileSync, interrupted: interrupted.signal };
      exit = await run({ options, args: rest, ...common });
    },
    { out: (text) => stdout.write(text), err: (text) => stderr.write(text) },
  );
  try {
    refuseTokens(args);
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    exit = report(error, (text) => stderr.write(`${text}\n`));
  }
  host.exitCode = exitCodes[exit].code;
}

function report(error: unknown, print: (text: string) => void): Exit {
  // The parser has printed it.
  if (error instanceof CommanderError) return exitOf(error.code);
  if (isConfigError(error)) {
    for (const problem of error.problems) print(`error: ${problem}`);
    return 'usage';
  }
  if (isCliError(error)) {
    print(`error: ${error.message}`);
    return error.exit;
  }
  // The message of an error of a library may contain a key or a value.
  print(`error: Unexpected ${error instanceof Error ? error.name : 'error'}.`);
  if (error instanceof Error) print(error.stack?.replace(/^.*?\n(?= {4}at )/s, '') ?? '');
  return 'internal';
}
