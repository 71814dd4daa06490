import { readFileSync } from 'node:fs';
import { startApp } from './app';
import { ConfigError, helpText, loadConfig } from './config';
import { createLogger } from './logging';
import { ActiveCall } from './tracing/active-call';
import { version } from '../package.json';

/** EX_USAGE of sysexits.h: the sidecar was told something it cannot do, and trying again will not help. */
const badUsage = 64;

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) {
    process.stdout.write(helpText());
    return;
  }
  if (args.includes('--version')) {
    process.stdout.write(`session-sidecar ${version}\n`);
    return;
  }
  const { config, warnings, effective } = loadConfig({ env: process.env, args, readFile: readFileSync });
  const activeCall = config.tracing && new ActiveCall();
  const logger = createLogger(config.logLevel, undefined, activeCall?.ids);
  process.on('uncaughtException', (error) => {
    // Node.js would print the error with all that hangs on it: of ioredis, the command with its keys and values.
    logger.fatal({ err: error }, 'stopped by an error that nobody foresaw');
    process.exit(1);
  });
  for (const warning of warnings) logger.warn(warning);
  const stopping = signalled();
  const app = await startApp(config, { logger, version, activeCall });
  const { grpc, http } = app.addresses;
  const collector = config.tracing?.collector;
  logger.info({ version, store: app.store, grpc, http, collector, settings: effective }, 'serving');

  const signal = await stopping;
  logger.info({ signal, graceMs: config.shutdownGraceMs }, 'stopping: finishing calls under way, refusing new ones');
  const finished = await app.close();
  if (finished) logger.info('stopped');
  else logger.warn('stopped with calls unfinished: they took longer than SESSION_SIDECAR_SHUTDOWN_GRACE');
  // Not by having nothing left to do: a peer that reads nothing would keep its connection, and this process with it.
  process.exit(0);
}

/** The first signal. The second ends the process at once, as if nobody listened: whoever sends it does not want to wait. */
function signalled(): Promise<NodeJS.Signals> {
  const signals = ['SIGTERM', 'SIGINT'] as const;
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals): void => {
      for (const each of signals) process.removeListener(each, stop);
      resolve(signal);
    };
    for (const each of signals) process.on(each, stop);
  });
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const problems =
    error instanceof ConfigError ? error.problems : [error instanceof Error ? error.message : 'unknown error'];
  process.stderr.write(`session-sidecar cannot start:\n${problems.map((problem) => `  ${problem}\n`).join('')}`);
  process.exitCode = error instanceof ConfigError ? badUsage : 1;
});
