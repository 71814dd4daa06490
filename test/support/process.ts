import { spawn } from 'node:child_process';
import type { ChildProcess, ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import type { CommandOptions } from './commands';
import { until } from './poll';

/** The sidecar's shipped program. */
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
  /** Everything printed so far. */
  output(): { readonly stdout: string; readonly stderr: string };
  /** Every line logged so far. */
  log(): readonly LogLine[];
  /** Waits for a log line whose message starts with `msg`. */
  logged(msg: string): Promise<LogLine>;
  readonly exit: Promise<Exit>;
}

/** A sidecar process that has started to serve. */
export interface ServingProcess extends SidecarProcess {
  /** The first gRPC address. */
  readonly address: string;
  readonly httpUrl: string;
  /** The log line with all addresses. */
  readonly serving: LogLine & {
    readonly grpc: readonly string[];
    readonly http: string;
    /** Absent: no inspector. */
    readonly inspector?: string;
  };
}

export interface ProcessOptions {
  /** Another build of the sidecar. */
  readonly program?: string;
  /** Settings without `SESSION_SIDECAR_`: `{ IDLE_TIMEOUT: '1s' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

/** A signing key for sidecars that must accept each other's tokens. */
export const signingKey = Buffer.alloc(32, 'process').toString('base64');

const running = new Set<SidecarProcess>();

/** Settings as environment variables. */
export function asVariables(settings: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [`SESSION_SIDECAR_${name}`, value]));
}

/** Starts the built program. Of the test's environment, it gets only PATH. */
export function startProcess(options: ProcessOptions = {}): SidecarProcess {
  const { program = binary, settings = {}, env = {}, args = [] } = options;
  if (!existsSync(program))
    throw new Error(`${program} does not exist. Build it with: npm run build --workspace server`);
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

/** Starts another program, for example a container that runs the sidecar, or an app that uses it. */
export function startCommand(
  command: string,
  args: readonly string[],
  { cwd, env = process.env }: Omit<CommandOptions, 'input'> = {},
): SidecarProcess {
  // In its own process group, so that killGroup ends its children, too.
  return follow(spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] }));
}

/** Kills a process group by its leader. */
export function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // The whole group has ended already.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Collects what a process prints. */
export function follow(child: ChildProcessByStdio<null, Readable, Readable>): SidecarProcess {
  const chunks = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (chunks.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (chunks.stderr += text));
  // At 'exit', the last output may still be in the pipes.
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
      until(`the log line "${msg}" in ${JSON.stringify(chunks)}`, () => log().find((line) => line.msg.startsWith(msg))),
    exit,
  };
  running.add(started);
  void exit.then(() => running.delete(started));
  return started;
}

/** Resident memory in bytes; `undefined`: there is no such process, or the system does not say. */
export function residentBytesOf(pid: number | undefined): number | undefined {
  try {
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}

/** Starts the built program, on free ports unless settings say otherwise, and waits until it serves. */
export async function startServing({ settings, ...options }: ProcessOptions = {}): Promise<ServingProcess> {
  const free = { GRPC_ADDRESS: '127.0.0.1:0', HTTP_ADDRESS: '127.0.0.1:0' };
  return untilServing(startProcess({ settings: { ...free, ...settings }, ...options }));
}

/** Settings of a sidecar on a Redis. Its timeouts are long, because a busy machine must not look like a hung Redis. */
export const onRedis = ({ url }: { readonly url: string }): Readonly<Record<string, string>> => ({
  SIGNING_KEYS: signingKey,
  REDIS_URL: url,
  REDIS_COMMAND_TIMEOUT: '20s',
  REDIS_MAX_SILENCE: '20s',
});

export async function isReady({ httpUrl }: Pick<ServingProcess, 'httpUrl'>): Promise<boolean> {
  return (await fetch(`${httpUrl}/readyz`)).ok;
}

/** Waits for all of its store: on a Cluster, a sidecar is ready with the first master. */
export async function untilReady({ httpUrl }: Pick<ServingProcess, 'httpUrl'>): Promise<void> {
  await until('the sidecar to be ready', async () => (await (await fetch(`${httpUrl}/readyz`)).text()) === 'ready\n');
}

/** Waits until a started sidecar serves. @throws Error with its output, if it ends first */
export async function untilServing(started: SidecarProcess): Promise<ServingProcess> {
  const gone = started.exit.then(() => {
    throw new Error(`The sidecar ended before it served: ${JSON.stringify(started.output())}`);
  });
  const serving = (await Promise.race([started.logged('serving'), gone])) as ServingProcess['serving'];
  gone.catch(() => undefined);
  return { ...started, serving, address: serving.grpc[0] ?? '', httpUrl: serving.http };
}

/** For afterEach: kills the processes that the test has left running. */
export async function stopProcesses(): Promise<void> {
  const exits = [...running].map(({ child, exit }) => {
    child.kill('SIGKILL');
    return exit;
  });
  await Promise.all(exits);
}

/** Requests a URL, for example of a probe. */
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
 * The metrics of a sidecar, parsed strictly: a line that is not in the Prometheus text format is an error. NaN is accepted in any
 * case, as by Prometheus, because prom-client writes Nan.
 */
export async function metricsOf({ httpUrl }: Pick<ServingProcess, 'httpUrl'>): Promise<{
  readonly samples: readonly Sample[];
  /** What TYPE and HELP declare, by metric name. */
  readonly families: ReadonlyMap<string, { readonly type: string; readonly help: string }>;
  /** The sum of the samples that have this name and at least these labels; `undefined` if there is none. */
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
