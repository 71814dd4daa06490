import type { ConfigError } from '../config';
import type { Exit } from './exit-codes';

/** Ends a command with a message for people. It contains no token, key or value. */
export class CliError extends Error {
  override readonly name = 'CliError';

  constructor(
    readonly exit: Exit,
    message: string,
  ) {
    super(message);
  }
}

/** By their names, because each file of the build has classes of its own. */
export function isCliError(error: unknown): error is CliError {
  return error instanceof Error && error.name === 'CliError';
}

export function isConfigError(error: unknown): error is ConfigError {
  return error instanceof Error && error.name === 'ConfigError';
}

/** The command line or the input is not valid. */
export function usageError(message: string): CliError {
  return new CliError('usage', message);
}
