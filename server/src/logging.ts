import pino from 'pino';
import type { DestinationStream, Logger } from 'pino';

/**
 * Structured logs, one JSON line each, on standard output. Of an error only its names, messages and stacks are written:
 * ioredis hangs the failed command on its errors, with the keys and values in it.
 *
 * @param fields what else belongs in a line at the moment it is written
 */
export function createLogger(
  level: string,
  destination: DestinationStream = standardOutput(),
  fields?: () => object | undefined,
): Logger {
  const options = {
    level,
    ...(fields && { mixin: () => fields() ?? {} }),
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError },
  };
  return pino(options, destination);
}

/** Written at once: a line that waits to be written can be overtaken by later ones, and be lost, when the process ends. */
function standardOutput(): DestinationStream {
  return pino.destination({ fd: 1, sync: true });
}

interface ErrorDescription {
  readonly type: string;
  readonly message: string;
  readonly code?: string | undefined;
  readonly stack?: string | undefined;
  readonly causes?: readonly ErrorDescription[];
}

interface KnownErrorProperties extends Error {
  readonly code?: string;
  /** Of an AggregateError, as connecting to a host with several addresses fails with. */
  readonly errors?: readonly unknown[];
  /** Of ioredis's ClusterAllFailedError. */
  readonly lastNodeError?: unknown;
}

function describeError(error: unknown): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error, message: 'not an Error' };
  const { name, message, stack, code, cause, errors = [], lastNodeError }: KnownErrorProperties = error;
  if (name === 'ReplyError') return { type: name, message: describeReply(message) };
  const causes = [cause, lastNodeError, ...errors].filter((one) => one instanceof Error).map(describeError);
  return { type: name, message, code, stack, ...(causes.length > 0 && { causes }) };
}

/** An error reply of Redis may repeat the command that it answers, keys and values included. Its first word is its code. */
function describeReply(message: string): string {
  const [code = 'an error'] = /^[A-Z]+(?= |$)/.exec(message) ?? [];
  const [line] = /\buser_script:\d+/.exec(message) ?? [];
  return `Redis answered with ${code}${line === undefined ? '' : ` at ${line}`}`;
}
