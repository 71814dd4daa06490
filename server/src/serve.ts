import { readFileSync } from 'node:fs';
import { startApp } from './app';
import { commandSummaries } from './cli/command-names';
import { exitCodes } from './cli/exit-codes';
import { ConfigError, helpText, loadLiveConfig } from './config';
import { tuneHeap } from './heap';
import { LogRateLimit } from './log-rate-limit';
import { createLogger } from './logging';
import { variable } from './setting-names';
import { logStrayOutput } from './stray-output';
import { ActiveCall } from './tracing/active-call';
import { version } from '../package.json';

const otherWords = { commands: Object.keys(commandSummaries) };

/**
 * Runs the sidecar until it is stopped, and then ends the process.
 *
 * @param args the command line without the program and without the word `serve`
 */
export function serve(args: readonly string[]): void {
  run(args).catch((error: unknown) => {
    reportFailure(error);
    process.exit(error instanceof ConfigError ? exitCodes.usage.code : exitCodes.failed.code);
  });
}

async function run(args: readonly string[]): Promise<void> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(helpText(commandSummaries));
    return;
  }
  if (args.includes('--version')) {
    process.stdout.write(`session-sidecar ${version}\n`);
    return;
  }
  const settings = loadLiveConfig({ env: process.env, args, readFile: readFileSync, otherWords });
  const { config, warnings, effective, report } = settings;
  const activeCall = config.tracing && new ActiveCall();
  const logRateLimit = new LogRateLimit({
    maxLines: config.logRateLimit,
    intervalMs: 10_000,
    now: () => performance.now(),
  });
  const logger = createLogger(config.logLevel, undefined, { fields: activeCall?.ids, rateLimit: logRateLimit });
  process.on('uncaughtException', (error) => {
    // Node.js would print the error with everything attached to it: for ioredis, the command with its keys and values.
    logger.fatal({ err: error }, 'uncaught exception, exiting');
    process.exit(1);
  });
  logStrayOutput(logger);
  for (const warning of warnings) logger.warn(warning);
  const stopping = Promise.race(config.exitOnStdinEnd ? [signalled(), stdinEnded()] : [signalled()]);
  const auditLogger = createLogger('info');
  const context = { logger, auditLogger, version, activeCall, settings, report, logRateLimit };
  const app = await startApp(config, context);
  const { grpc, http, inspector, admin } = app.addresses;
  const collector = config.tracing?.collector;
  logger.info({ version, store: app.store, grpc, http, inspector, admin, collector, settings: effective }, 'serving');
  tuneHeap();

  const cause = await stopping;
  logger.info({ ...cause, graceMs: config.shutdownGraceMs }, 'shutting down: draining in-flight calls');
  const finished = await app.close();
  if (finished) logger.info('stopped');
  else logger.warn(`shutdown grace period (${variable('shutdownGraceMs')}) expired with calls in flight`);
  // Explicitly: a peer that reads nothing would keep its connection, and so this process, open.
  process.exit(0);
}

/** The first signal. The second one ends the process at once, as it would without a handler. */
function signalled(): Promise<{ readonly signal: NodeJS.Signals }> {
  const signals = ['SIGTERM', 'SIGINT'] as const;
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals): void => {
      for (const each of signals) process.removeListener(each, stop);
      resolve({ signal });
    };
    for (const each of signals) process.on(each, stop);
  });
}

/** The process that holds the other end of standard input has closed it, or has ended, in whatever way. */
function stdinEnded(): Promise<{ readonly stdin: 'ended' }> {
  return new Promise((resolve) => {
    // A read error also means that there is no other end any more.
    for (const event of ['end', 'error', 'close']) process.stdin.once(event, () => resolve({ stdin: 'ended' }));
    process.stdin.resume();
  });
}

/** Reports why the sidecar cannot start, one line per problem: to the log or, on a terminal, as text on standard error. */
function reportFailure(error: unknown): void {
  const problems =
    error instanceof ConfigError ? error.problems : [error instanceof Error ? error.message : 'unknown error'];
  if (process.stderr.isTTY) {
    process.stderr.write(`session-sidecar cannot start:\n${problems.map((problem) => `  ${problem}\n`).join('')}`);
  }
  if (process.stderr.isTTY && process.stdout.isTTY) return;
  const logger = createLogger('fatal');
  for (const problem of problems) logger.fatal(`cannot start: ${problem}`);
}
