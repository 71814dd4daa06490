// npm run bench:scale: measures costs, and computes what 10 million and 1 billion sessions need. See bench/scale/README.md.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { killChildrenOnExit } from '../src/children';
import { describeMachine, describeVersions } from '../src/machine';
import { resultsDirectory, sidecarMain } from '../src/processes';
import { checkCluster, checkLiveShare } from './check';
import { startCluster, startSingle } from './cluster';
import type { RedisDeployment } from './cluster';
import { measureCache, measureRequests, writeShare } from './costs';
import type { Plan } from './costs';
import { defaultSizing } from './model';
import type { Demand } from './model';
import { scalePage } from './report';

const usage = `npm run bench:scale -- [--quick] [--sessions 10000000,1000000000] [--node 24,26]

  --quick     run short measurements and write no results: a smoke test
  --sessions  the numbers of sessions to plan for; such a run writes no results, either
  --node      Node.js releases to measure on; default: that of the image`;

const fullPlan: Plan = { sessions: 20_000, milliseconds: 5000 };
const quickPlan: Plan = { sessions: 2000, milliseconds: 1000 };
const usualCounts: readonly number[] = [10_000_000, 1_000_000_000];
const usual: Omit<Demand, 'sessions'> = { activeShare: 0.02, secondsBetweenRequests: 10, writeShare };

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      results: { type: 'string', default: 'latest' },
      sessions: { type: 'string' },
    },
  });
  const counts = values.sessions?.split(',').map(Number) ?? usualCounts;
  if (values.help || !counts.every((count) => count >= 1)) {
    console.log(usage);
    process.exitCode = values.help ? 0 : 64;
    return;
  }
  killChildrenOnExit();
  const plan = values.quick ? quickPlan : fullPlan;
  const measureOn = async (start: () => Promise<RedisDeployment>) => {
    const redis = await start();
    const costs = await measureRequests(redis, plan);
    await redis.stop();
    return costs;
  };
  console.error('Requests on one Redis …');
  const onOne = await measureOn(startSingle);
  console.error('Requests on a Cluster of six servers …');
  const onCluster = await measureOn(startCluster);
  console.error('Reads and reports with the cache of the client …');
  const cache = await measureCache(plan);
  console.error('Two pods …');
  const checks = [...checkCluster(onOne, onCluster), ...(await checkLiveShare(plan))];

  const { cpu, cores, os } = describeMachine();
  const versions = Object.entries(describeVersions(join(__dirname, '..', '..'), sidecarMain));
  const page = scalePage({
    date: new Date().toISOString(),
    machine: `${cores} cores of ${cpu}, ${os}`,
    versions: versions.map(([name, version]) => `${name} ${version}`).join(', '),
    ...{ onOne, onCluster, cache, checks },
    demands: counts.map((sessions) => ({ ...usual, sessions })),
    sizing: defaultSizing,
  });
  console.log(page);
  const isFull = !values.quick && values.sessions === undefined;
  if (isFull) writeFileSync(join(resultsDirectory, `scale-${values.results}.md`), page);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  // Exits although timers and connections are open, which also kills the child processes.
  // oxlint-disable-next-line unicorn/no-process-exit
  process.exit(1);
});
