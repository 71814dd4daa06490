// npm run bench: measures the sidecar beside the libraries it replaces. See bench/README.md.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { killChildrenOnExit } from './children';
import { allCases, selectCases } from './cases';
import type { Bench, Plan } from './cases/case';
import { describeMachine, describeVersions } from './machine';
import { sidecarMain } from './processes';
import { isLoss, terminalTable } from './report';
import type { Report } from './report';
import { writeResults } from './results';
import type { Row } from './row';
import type { Size } from './shop';
import { startStack } from './stacks';
import type { Stack } from './stacks';

const usage = `npm run bench -- [--node 24,26] [--quick] [--check] [--profile] [pattern]

  --node     Node.js releases to measure on, by major version, one after another (default: the release of the image)
  --quick    run only the rows with a budget, in short rounds: a smoke test, not a measurement
  --check    exit with code 1 if a budget is missed or an operation of the sidecar failed
  --profile  write CPU profiles of the sidecar and of the load processes to bench/results
  pattern    run only cases with a row whose id matches this regular expression; soak selects the long run, ^attack
             the attacks, both of which --quick leaves out`;

const root = join(__dirname, '..', '..');
/** A full run takes about 45 minutes. One that takes this long has hung. */
const maxRunMs = 90 * 60_000;

const fullPlan: Plan = {
  // Fewer large sessions: storing 10,000 sessions of 64 KB on four sides would take minutes, and 3 GB.
  sessions: { '300b': 10_000, '4kb': 10_000, '16kb': 3000, '64kb': 1000, '256kb': 300 },
  warmUpMs: 2000,
  careful: { rounds: 9, milliseconds: 800 },
  brief: { rounds: 5, milliseconds: 300 },
  starts: 9,
  idleMs: 2000,
  changes: 10_000,
  freezes: 20,
  soakRequests: 1_000_000,
  attackMs: 10_000,
};
const quickPlan: Plan = {
  sessions: { '300b': 1000, '4kb': 1000, '16kb': 500, '64kb': 200, '256kb': 50 },
  warmUpMs: 500,
  careful: { rounds: 3, milliseconds: 250 },
  brief: { rounds: 2, milliseconds: 150 },
  starts: 3,
  idleMs: 500,
  changes: 500,
  freezes: 3,
  soakRequests: 50_000,
  attackMs: 3000,
};

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { results: { type: 'string', default: 'latest' }, quick: flag, check: flag, profile: flag, help: flag },
  });
  const [pattern, ...more] = positionals;
  if (values.help || more.length > 0) {
    console.log(usage);
    return values.help ? 0 : 64;
  }
  const { quick, check, profile } = values;
  const cases = selectCases({ quick, ...(pattern !== undefined && { pattern: new RegExp(pattern) }) });
  if (cases.length === 0) {
    console.error(`No row matches ${pattern}. The rows are:\n  ${allCases.flatMap(({ rows }) => rows).join('\n  ')}`);
    return 64;
  }
  if (process.platform !== 'linux') {
    console.error('The benchmark reads CPU time and memory of processes from /proc, so it needs Linux.');
    return 1;
  }
  killChildrenOnExit();
  setTimeout(() => {
    throw new Error(`The run did not finish within ${maxRunMs / 60_000} minutes.`);
  }, maxRunMs).unref();

  const bench = createBench(quick ? quickPlan : fullPlan, profile);
  const rows: Row[] = [];
  for (const [n, each] of cases.entries()) {
    console.error(`${n + 1}/${cases.length} ${each.rows.join(' ')}`);
    rows.push(...(await each.run(bench)));
  }
  await bench.quiet();

  const report: Report = {
    date: new Date().toISOString(),
    full: pattern === undefined && !quick && !profile,
    machine: describeMachine(),
    versions: describeVersions(root, sidecarMain),
    rows,
  };
  console.log(terminalTable(rows, Math.max(140, process.stdout.columns || 0)));
  console.log(summaryOf(rows));
  console.log(`Written to ${writeResults(report, join(root, 'bench', 'results'), values.results)}.json and .svg`);
  return check && rows.some(({ met, failed }) => met === false || failed.ours > 0) ? 1 : 0;
}

const flag = { type: 'boolean', default: false } as const;

function summaryOf(rows: readonly Row[]): string {
  const budgeted = rows.filter(({ met }) => met !== null);
  const missed = budgeted.filter(({ met }) => !met).map(({ id }) => id);
  const losses = rows.filter((row) => isLoss(row) && row.met !== false).map(({ id }) => id);
  return [
    `Budgets met: ${budgeted.length - missed.length} of ${budgeted.length}. Missed: ${missed.join(', ') || 'none'}.`,
    `Other rows in which the rival is better: ${losses.join(', ') || 'none'}.`,
  ].join('\n');
}

/** How many sides stay started for later cases. Each has several processes, and too many idle ones disturb the measurement. */
const maxStacks = 6;

function createBench(plan: Plan, profile: boolean): Bench {
  /** In the order of their last use. */
  const stacks = new Map<string, Stack>();
  let current: Size | undefined;
  async function quiet(): Promise<void> {
    for (const stack of stacks.values()) await stack.stop();
    stacks.clear();
  }
  return {
    plan,
    quiet,
    async stack(side, size) {
      if (size !== current) await quiet();
      current = size;
      let found = stacks.get(side);
      stacks.delete(side);
      const [[leastUsed, oldest] = []] = stacks;
      if (found === undefined && leastUsed !== undefined && stacks.size >= maxStacks) {
        stacks.delete(leastUsed);
        await oldest?.stop();
      }
      found ??= await startStack({ side, size, profile, sessions: plan.sessions[size], warmUpMs: plan.warmUpMs });
      stacks.set(side, found);
      return found;
    },
  };
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error);
    // Exits although timers and connections are open, which also kills the child processes.
    // oxlint-disable-next-line unicorn/no-process-exit
    process.exit(1);
  },
);
