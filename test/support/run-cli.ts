import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { runCli } from '../../server/src/cli';
import type { Host } from '../../server/src/cli';
import { asVariables, signingKey } from './process';

export interface CliRun {
  /** Presses Ctrl-C. */
  interrupt(): void;
  readonly ended: Promise<CliOutcome>;
}

export interface CliOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliSettings {
  readonly redis: { readonly url: string };
  /** Without `SESSION_SIDECAR_`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Runs a command in this process, on a Redis. */
export function beginCli(args: readonly string[], { redis, settings = {} }: CliSettings): CliRun {
  const written = { stdout: '', stderr: '' };
  const streamTo = (name: 'stdout' | 'stderr') => {
    const stream = new EventEmitter();
    const write = (text: string): boolean => {
      written[name] += text;
      return true;
    };
    return Object.assign(stream, { write });
  };
  const variables = { REDIS_URL: redis.url, SIGNING_KEYS: signingKey, ...settings };
  const signals = new EventEmitter();
  const host = Object.assign(signals, {
    env: asVariables(variables),
    stdin: Readable.from([]),
    stdout: streamTo('stdout'),
    stderr: streamTo('stderr'),
    exitCode: undefined as number | undefined,
  });
  const { warn } = console;
  const ended = runCli(args, host as unknown as Host).then(() => {
    console.warn = warn;
    return { code: host.exitCode ?? 0, ...written };
  });
  return { interrupt: () => signals.emit('SIGINT'), ended };
}

/** Runs a command in this process until it ends. */
export function outcomeOfCli(args: readonly string[], settings: CliSettings): Promise<CliOutcome> {
  return beginCli(args, settings).ended;
}
