import { isTokenShaped } from '../tokens/token';
import { usageError } from './cli-error';

/**
 * Refuses a command line that contains a token. The parser would not: it takes one that begins with a hyphen for an option.
 *
 * @throws CliError, which does not contain it
 */
export function refuseTokens(args: readonly string[]): void {
  const words = args.flatMap((arg) => [arg, arg.slice(arg.indexOf('=') + 1)]);
  if (!words.some(isTokenShaped)) return;
  throw usageError(
    'Tokens are not accepted on the command line, which other processes can read. Pass it on standard input or with --token-file. Consider the one that you gave exposed.',
  );
}
