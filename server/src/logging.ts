import pino from 'pino';
import type { DestinationStream, Logger } from 'pino';

/**
 * Structured logs, one JSON line each, on standard output. Of an error only its names, messages and stacks are written:
 * ioredis hangs the failed command on its errors, with the keys and values in it.
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

interface ErrorDescription {
  readonly type: string;
  readonly message: string;
  readonly stack?: string | undefined;
  readonly code?: string | undefined;
  readonly cause?: ErrorDescription | undefined;
}

function describeError(error: unknown): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error, message: 'not an Error' };
  const { name, message, stack, code, cause } = error as NodeJS.ErrnoException;
  return { type: name, message, stack, code, ...(cause instanceof Error && { cause: describeError(cause) }) };
}
