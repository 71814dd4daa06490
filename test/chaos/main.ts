// npm run chaos: see docs/contribute/chaos.md.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { slackTimes } from './slack';
import { modes } from './modes';
import type { Mode } from './modes';
import { runPart } from './part';
import type { PartResult, RunOptions } from './part';
import { planParts } from './plan';
import type { Part } from './plan';
import { progressPrinter } from './progress';
import { createRandom } from './random';
import { printReport } from './report';
import { endChildrenOnExit } from './topology/children';
import { printHistory } from './history-file';

const longestName = Math.max(...modes.map(({ name }) => name.length));

const usage = `npm run chaos -- [options]

Makes random calls from several processes through two sidecars, injects faults, records every call and its outcome, and checks the
history against what the sidecar promises. Exits with code 1 if a promise was broken, and with 2 if the run itself failed.

  --seconds N          duration of all modes together (default: 60)
  --seed N             repeat the choices of another run, but not its timing (default: random)
  --mode NAME[,NAME]   all (default), or some of:
${modes.map(({ name, about }) => `                         ${name.padEnd(longestName)}  ${about}`).join('\n')}
  --fault NAME[,NAME]  inject only these faults, without simultaneous faults of sidecars
  --near-cache VALUE   on, off or both (default)
  --transport VALUE    pipeline, unary or both (default), which uses one calling process for each
  --socket VALUE       tcp, unix or both (default): how callers connect to the sidecars
  --slack N            multiply the time that a busy machine may add to promised times (default: 1)
  --program FILE       test another build of the sidecar (default: server/dist/main.js)
  --out DIRECTORY      directory for the report and for the histories of rounds with a broken promise (default: a new one)
  --keep               write the histories of all rounds
  --list               print the plan and exit`;

const bundle = __dirname;

interface Options {
  readonly seconds: number;
  readonly seed: number;
  readonly modes: readonly Mode[];
  readonly nearCache: 'on' | 'off' | 'both';
  readonly run: Pick<RunOptions, 'program' | 'slack' | 'transports' | 'sockets'>;
  readonly out: string | undefined;
  readonly isList: boolean;
  readonly keepsAll: boolean;
}

/** Returns `undefined` for --help. @throws Error that describes a wrong argument */
function readOptions(args: string[]): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      list: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string' },
      mode: { type: 'string', default: 'all' },
      fault: { type: 'string' },
      'near-cache': { type: 'string', default: 'both' },
      transport: { type: 'string', default: 'both' },
      socket: { type: 'string', default: 'both' },
      slack: { type: 'string', default: '1' },
      program: { type: 'string', default: resolve(root(), 'server', 'dist', 'main.js') },
      out: { type: 'string' },
    },
  });
  if (values.help) return undefined;
  const program = resolve(values.program);
  if (!existsSync(program))
    throw new Error(`${program} does not exist. Build it with: npm run build --workspace server`);
  return {
    seconds: wholeNumber('seconds', values.seconds, 1, 24 * 3600),
    seed:
      values.seed === undefined
        ? Math.floor(Math.random() * 2 ** 31)
        : wholeNumber('seed', values.seed, 0, 2 ** 31 - 1),
    modes: onlyFaults(values.fault?.split(','), values.mode === 'all' ? modes : values.mode.split(',').map(modeNamed)),
    nearCache: oneOf('near-cache', values['near-cache'], ['on', 'off', 'both']),
    run: {
      program,
      slack: slackTimes(wholeNumber('slack', values.slack, 1, 100)),
      transports: { pipeline: ['pipeline', 'pipeline'], unary: ['unary', 'unary'], both: ['pipeline', 'unary'] }[
        oneOf('transport', values.transport, ['pipeline', 'unary', 'both'])
      ] as RunOptions['transports'],
      sockets: { tcp: ['tcp'], unix: ['unix'], both: ['tcp', 'unix'] }[
        oneOf('socket', values.socket, ['tcp', 'unix', 'both'])
      ] as RunOptions['sockets'],
    },
    out: values.out,
    isList: values.list,
    keepsAll: values.keep,
  };
}

function root(): string {
  return process.env['CHAOS_ROOT'] ?? process.cwd();
}

function modeNamed(name: string): Mode {
  const found = modes.find((mode) => mode.name === name);
  if (found === undefined)
    throw new Error(`Expected --mode to be all or some of ${modes.map((mode) => mode.name).join(', ')}; got ${name}.`);
  return found;
}

/** The modes that have some of the faults, without their other faults. */
function onlyFaults(names: readonly string[] | undefined, from: readonly Mode[]): readonly Mode[] {
  if (names === undefined) return from;
  const known = [...new Set(from.flatMap(({ faults }) => faults.map(({ name }) => name)))];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`Expected --fault to be some of ${known.join(', ')}; got ${unknown}.`);
  return from
    .map((mode) => ({ ...mode, faults: mode.faults.filter(({ name }) => names.includes(name)), besides: [] }))
    .filter(({ faults }) => faults.length > 0);
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new Error(`Expected --${name} to be a whole number from ${min} to ${max}, got ${text}.`);
  }
  return value;
}

function oneOf<const T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (found === undefined) throw new Error(`Expected --${name} to be one of ${allowed.join(', ')}; got ${value}.`);
  return found;
}

async function main(args: string[]): Promise<number> {
  let options: Options | undefined;
  try {
    options = readOptions(args);
  } catch (error) {
    console.error(`${(error as Error).message}\nSee npm run chaos -- --help.`);
    return 64;
  }
  if (options === undefined) {
    console.log(usage);
    return 0;
  }
  const { seconds, seed, nearCache, run } = options;
  const parts = planParts(options.modes, nearCache, seconds * 1000, createRandom(seed));
  console.log(`seed ${seed}: ${parts.map(nameOf).join(', ')}`);
  if (options.isList) return 0;

  endChildrenOnExit();
  const out = options.out ?? join(tmpdir(), `session-sidecar-chaos-${seed}`);
  mkdirSync(out, { recursive: true });
  const onProgress = progressPrinter(seconds * 1000, (line) => {
    console.log(line);
  });
  const results: PartResult[] = [];
  for (const part of parts) {
    const result = await runPart(part, {
      ...run,
      workerProgram: join(bundle, 'worker', 'main.js'),
      clockPreload: join(bundle, 'clock-preload.js'),
      onProgress,
      onRound(round, history, violations, logs) {
        if (violations.length === 0 && !options.keepsAll) return;
        const file = join(out, `${part.mode.name}-${part.nearCache ? 'near' : 'plain'}-${round}`);
        writeFileSync(`${file}.jsonl`, printHistory(history));
        writeFileSync(`${file}.log`, logs);
        writeFileSync(`${file}.txt`, violations.map(({ promise, message }) => `${promise}: ${message}\n`).join(''));
        for (const { promise, message } of violations.slice(0, maxPrinted))
          console.log(`BROKEN ${promise}: ${message}`);
        const more = violations.length - maxPrinted;
        console.log(`${more > 0 ? `... and ${more} more. ` : ''}The history of the round: ${file}.jsonl`);
      },
    });
    if (result.endedBy !== undefined) console.log(`${nameOf(part)} ended early: ${result.endedBy}`);
    results.push(result);
  }
  const report = printReport(results, {
    command: [
      'npm run chaos --',
      ...withoutPaths(args),
      ...(args.includes('--seed') ? [] : ['--seed', String(seed)]),
    ].join(' '),
    seed,
    date: new Date().toISOString().slice(0, 10),
    versions: versionsOf(run.program),
  });
  writeFileSync(join(out, 'report.md'), report);
  console.log(`\n${report}\nWritten to ${join(out, 'report.md')}`);
  if (results.some(({ violations }) => violations.length > 0)) return 1;
  return results.some(({ endedBy }) => endedBy !== undefined) ? 2 : 0;
}

const maxPrinted = 5;

function nameOf({ mode, nearCache }: Part): string {
  return `${mode.name}${nearCache ? ' with near cache' : ''}`;
}

/** Removes paths, which mean nothing on other machines. */
function withoutPaths(args: readonly string[]): string[] {
  return args.filter((arg, index) => ![arg, args[index - 1]].some((each) => each === '--out' || each === '--program'));
}

function versionsOf(program: string): Record<string, string> {
  const output = (command: string, ...rest: string[]): string =>
    execFileSync(command, rest, { encoding: 'utf8', cwd: dirname(program) }).trim();
  return {
    'session-sidecar': output(process.execPath, program, '--version').replace('session-sidecar ', ''),
    'Node.js': process.version,
    Redis: /v=(\S+)/.exec(output('redis-server', '--version'))?.[1] ?? 'unknown',
  };
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error('The run itself failed:', error);
    process.exitCode = 2;
  },
);
