import { readFileSync } from 'node:fs';
import { startApp } from './app';
import { ConfigError, helpText, loadConfig } from './config';
import { createLogger } from './logging';
import { version } from '../package.json';

/** EX_USAGE of sysexits.h: the sidecar was told something it cannot do, and trying again will not help. */
const badUsage = 64;

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(helpText());
    return 0;
  }
  if (args.includes('--version')) {
    process.stdout.write(`session-sidecar ${version}\n`);
    return 0;
  }
  const { config, warnings, effective } = loadConfig({ env: process.env, args, readFile: readFileSync });
  const logger = createLogger(config.logLevel);
  for (const warning of warnings) logger.warn(warning);
  const stopping = signalled();
  const app = await startApp(config, { logger, version });
  logger.info({ version, store: app.store, ...app.addresses, settings: effective }, 'serving');

  const signal = await stopping;
  logger.info({ signal, graceMs: config.shutdownGraceMs }, 'stopping: finishing calls under way, refusing new ones');
  const finished = await app.close();
  if (finished) logger.info('stopped');
  else logger.warn('stopped with calls unfinished: they took longer than SESSION_SIDECAR_SHUTDOWN_GRACE');
  return 0;
}

function signalled(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  });
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    if (error instanceof ConfigError) {
      process.stderr.write(`session-sidecar cannot start:\n${error.problems.map((problem) => `  ${problem}\n`).join('')}`);
      process.exitCode = badUsage;
    } else {
      process.stderr.write(`session-sidecar cannot start: ${error instanceof Error ? error.message : 'unknown error'}\n`);
      process.exitCode = 1;
    }
  },
);
