import pino from 'pino';
import type { DestinationStream, Logger, LoggerOptions as PinoOptions } from 'pino';
import type { LogRateLimit } from './log-rate-limit';

export interface LoggerOptions {
  /** Further fields of a line at the moment it is written. */
  readonly fields?: (() => object | undefined) | undefined;
  /** Default: every line is written. */
  readonly rateLimit?: LogRateLimit | undefined;
}

/**
 * Structured logs, one JSON line each, on standard output. Of an error only its names, messages and stacks are written: ioredis
 * attaches the failed command to its errors, with its keys and values.
 */
export function createLogger(
  level: string,
  destination: DestinationStream = standardOutput(),
  { fields, rateLimit }: LoggerOptions = {},
): Logger {
  const options = {
    level,
    ...(fields && { mixin: () => fields() ?? {} }),
    ...(rateLimit && { hooks: { logMethod: limitedBy(rateLimit) } }),
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError },
  };
  return pino(options, destination);
}

type LogMethod = NonNullable<NonNullable<PinoOptions['hooks']>['logMethod']>;

/** `debug` lines are not limited; after `fatal`, no further line follows. */
function limitedBy(rateLimit: LogRateLimit): LogMethod {
  const { info, fatal } = pino.levels.values as Readonly<Record<'info' | 'fatal', number>>;
  return function (args, method, level) {
    if (level >= info && level < fatal) {
      const message = messageOf(args);
      const errorName = errorNameOf(args);
      const verdict = rateLimit.verdict(message, errorName);
      if (verdict === 'suppress first') {
        rateLimit.countAtEnd(message, errorName, (suppressed) => {
          method.apply(this, [{ suppressed }, message]);
        });
      }
      if (verdict !== 'write') return;
    }
    method.apply(this, args);
  };
}

function messageOf([first, second]: readonly unknown[]): string {
  const message = typeof first === 'string' ? first : second;
  return typeof message === 'string' ? message : '';
}

function errorNameOf([first]: readonly unknown[]): string {
  const error = typeof first === 'object' && first !== null && 'err' in first ? first.err : undefined;
  return error instanceof Error ? error.name : '';
}

/** Written synchronously: a buffered line can be overtaken by later ones, or lost when the process ends. */
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
  /** Of an AggregateError, for example when connecting to a host with several addresses fails. */
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

/** An error reply of Redis may repeat the command, keys and values included. Its first word is its code. */
function describeReply(message: string): string {
  const [code = 'an error'] = /^[A-Z]+(?= |$)/.exec(message) ?? [];
  const [line] = /\buser_script:\d+/.exec(message) ?? [];
  return `Redis answered with ${code}${line === undefined ? '' : ` at ${line}`}`;
}
