import { commandSummaries } from './cli/command-names';
import type * as Cli from './cli';
import type * as Serve from './serve';

/*
 * Each command loads only what it needs: `require` in a function makes the build put the module into a file of its own.
 */

/* oxlint-disable typescript/no-require-imports */
const loadServe = (): typeof Serve => require('./serve') as typeof Serve;
const loadCli = (): typeof Cli => require('./cli') as typeof Cli;
/* oxlint-enable typescript/no-require-imports */

const args = process.argv.slice(2);
const [first = ''] = args;
if (first === 'serve') loadServe().serve(args.slice(1));
else if (Object.hasOwn(commandSummaries, first)) void loadCli().runCli(args, process);
else loadServe().serve(args);
