import { spawn } from 'node:child_process';
import type { ChildProcess, ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import type { CommandOptions } from './commands';
import { until } from './poll';

/** The sidecar as it is shipped: a process of its own. */
export const binary = resolve(__dirname, '../../server/dist/main.js');

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface SidecarProcess {
  readonly child: ChildProcess;
  /** Everything on standard output and on standard error so far. */
  output(): { readonly stdout: string; readonly stderr: string };
  /** What was logged so far. */
  log(): readonly LogLine[];
  /** Waits for a log line with this message. */
  logged(msg: string): Promise<LogLine>;
  readonly exit: Promise<Exit>;
}

/** A process that serves. */
export interface ServingProcess extends SidecarProcess {
  /** The first gRPC address. */
  readonly address: string;
  readonly httpUrl: string;
  /** The line that says what it serves. */
  readonly serving: LogLine & { readonly grpc: readonly string[]; readonly http: string };
}

export interface ProcessOptions {
  /** Another build of the sidecar. */
  readonly program?: string;
  /** Settings without `SESSION_SIDECAR_`, and whole variables with a lower case or known name. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

/** A key for sidecars whose tokens must outlive them. */
export const signingKey = Buffer.alloc(32, 'process').toString('base64');

const running = new Set<SidecarProcess>();

/** Settings as environment variables. */
export function asVariables(settings: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [`SESSION_SIDECAR_${name}`, value]));
}

/** Starts the built binary. Nothing of the test's own environment reaches it but what is needed to run. */
export function startProcess(options: ProcessOptions = {}): SidecarProcess {
  const { program = binary, settings = {}, env = {}, args = [] } = options;
  if (!existsSync(program)) throw new Error(`${program} is not there. Make it with: npm run build --workspace server`);
  const child = spawn(process.execPath, [program, ...args], {
    env: {
      PATH: process.env['PATH'],
      ...asVariables(settings),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return follow(child);
}

/** Starts another program: what the sidecar runs in, or what uses it. */
export function startCommand(
  command: string,
  args: readonly string[],
  { cwd, env = process.env }: Omit<CommandOptions, 'input'> = {},
): SidecarProcess {
  // In a process group of its own, so that what it starts can be ended with it.
  return follow(spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] }));
}

/** Ends a process that leads its group, and all others of the group. */
export function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // None of them is there any more.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Reads what a process says: the sidecar, or what it runs in. */
export function follow(child: ChildProcessByStdio<null, Readable, Readable>): SidecarProcess {
  const chunks = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (chunks.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (chunks.stderr += text));
  // Not 'exit': what was written last may still be in the pipes then.
  const exit = once(child, 'close').then(([code, signal]): Exit => ({ code, signal }));
  const log = (): readonly LogLine[] =>
    chunks.stdout
      .split('\n')
      .slice(0, -1)
      .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as LogLine] : []));
  const started: SidecarProcess = {
    child,
    output: () => ({ ...chunks }),
    log,
    logged: (msg) =>
      until(
        `the log line "${msg}" in ${JSON.stringify(chunks)}`,
        () => log().find((line) => line.msg.startsWith(msg)),
        20_000,
      ),
    exit,
  };
  running.add(started);
  void exit.then(() => running.delete(started));
  return started;
}

/** Starts the built binary on free ports, unless settings say otherwise, and waits until it serves. */
export async function startServing({ settings, ...options }: ProcessOptions = {}): Promise<ServingProcess> {
  const free = { GRPC_ADDRESS: '127.0.0.1:0', HTTP_ADDRESS: '127.0.0.1:0' };
  return untilServing(startProcess({ settings: { ...free, ...settings }, ...options }));
}

/** Settings of a sidecar on a Redis, which gives it time: a machine that is busy with other tests is no Redis that hangs. */
export const onRedis = ({ url }: { readonly url: string }): Readonly<Record<string, string>> => ({
  SIGNING_KEYS: signingKey,
  REDIS_URL: url,
  REDIS_COMMAND_TIMEOUT: '20s',
  REDIS_MAX_SILENCE: '20s',
});

export async function isReady({ httpUrl }: Pick<ServingProcess, 'httpUrl'>): Promise<boolean> {
  return (await fetch(`${httpUrl}/readyz`)).ok;
}

export async function untilReady(sidecar: ServingProcess): Promise<void> {
  await until('the sidecar to be ready', () => isReady(sidecar), 20_000);
}

/** Waits until a process serves that was started. */
export async function untilServing(started: SidecarProcess): Promise<ServingProcess> {
  const gone = started.exit.then(() => {
    throw new Error(`The sidecar ended before it served: ${JSON.stringify(started.output())}`);
  });
  const serving = (await Promise.race([started.logged('serving'), gone])) as ServingProcess['serving'];
  gone.catch(() => undefined);
  return { ...started, serving, address: serving.grpc[0] ?? '', httpUrl: serving.http };
}

/** For afterEach: ends what the test has started and not ended. */
export async function stopProcesses(): Promise<void> {
  const exits = [...running].map(({ child, exit }) => {
    child.kill('SIGKILL');
    return exit;
  });
  await Promise.all(exits);
}

/** Asks a probe. */
export async function probe(
  url: string,
  init?: RequestInit,
): Promise<{ readonly status: number; readonly text: string; readonly headers: Headers }> {
  const response = await fetch(url, init);
  return { status: response.status, text: await response.text(), headers: response.headers };
}

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * The metrics of a sidecar, parsed strictly: a line that is not in the Prometheus text format is an error. Prometheus reads
 * NaN in any case, and prom-client writes it as Nan.
 */
export async function metricsOf({ httpUrl }: Pick<ServingProcess, 'httpUrl'>): Promise<{
  readonly samples: readonly Sample[];
  /** By name, as declared with TYPE and HELP. */
  readonly families: ReadonlyMap<string, { readonly type: string; readonly help: string }>;
  /** The sum of the samples with this name and, at least, these labels; `undefined`: there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
}> {
  const { text } = await probe(`${httpUrl}/metrics`);
  const samples: Sample[] = [];
  const families = new Map<string, { type: string; help: string }>();
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\w+) (.+)$/.exec(line) ?? [];
    if (keyword !== undefined) {
      const family = families.get(name) ?? { type: '', help: '' };
      families.set(name, { ...family, [keyword.toLowerCase()]: rest });
    } else {
      samples.push(parseSample(line));
    }
  }
  return {
    samples,
    families,
    value(name, labels = {}) {
      const matching = samples.filter(
        (sample) =>
          sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
      );
      return matching.length === 0 ? undefined : matching.reduce((sum, { value }) => sum + value, 0);
    },
  };
}

function parseSample(line: string): Sample {
  const [, name, , labels = '', value] = /^([a-zA-Z_:][\w:]*)(\{(.*)\})? (\S+)$/.exec(line) ?? [];
  const label = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;
  const isNumber = value !== undefined && (/^([+-]?Inf|NaN)$/i.test(value) || !Number.isNaN(Number(value)));
  if (name === undefined || !isNumber || labels.replace(label, '').replaceAll(',', '') !== '') {
    throw new Error(`Not in the Prometheus text format: ${line}`);
  }
  return {
    name,
    labels: Object.fromEntries([...labels.matchAll(label)].map(([, key, text]) => [key, text])) as Record<
      string,
      string
    >,
    value: Number(value.replace('Inf', 'Infinity')),
  };
}
