// npm run test:cluster: deploys k8s/ to a one-node Kubernetes and tests what runs. It builds Kubernetes from Go modules (once: the
// results are cached) and starts it in namespaces of its own, without a way to the network. On a machine that cannot run it, it
// prints that and succeeds. What follows `--` goes to jest; a run of all tests writes docs/operate/cluster-report.md.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpackPackages } from './cluster/debian.mjs';
import { buildImages } from './cluster/images.mjs';
import { makeCgroups, namespaceObstacle, removeCgroups, unshareArguments } from './cluster/isolation.mjs';
import { buildPrograms } from './cluster/programs.mjs';
import { podmanObstacle } from './lib/images.mjs';
import { installPackages } from './lib/packages.mjs';
import { cache, root } from './lib/run.mjs';
import { installPrometheus, requireRedis } from './lib/tools.mjs';

const jestArguments = process.argv.slice(2);
const parts = await prepare();
if (parts.missing === undefined) process.exitCode = await startAndTest(parts);
else console.log(`\nCLUSTER NOT TESTED on this machine: ${parts.missing}.\n`);

/** Everything that the cluster is made of; or why this machine cannot run it. */
async function prepare() {
  const obstacle = podmanObstacle() ?? commandObstacle();
  if (obstacle !== undefined) return { missing: obstacle };
  // First: it may remove what the others have cached.
  installPackages();
  const debian = unpackPackages();
  if (debian.missing !== undefined) return { missing: `it lacks ${debian.missing}` };
  const trouble = await namespaceObstacle(debian.usr);
  if (trouble !== undefined) return { missing: trouble };
  requireRedis();
  installPrometheus();
  const programs = buildPrograms();
  if (programs.missing !== undefined) return { missing: `it lacks ${programs.missing}` };
  const images = buildImages(join(programs.bin, 'pause'));
  return images.missing === undefined ? { ...debian, ...programs, ...images } : images;
}

function commandObstacle() {
  for (const command of ['openssl', 'ip', 'unshare', 'bash']) {
    if (spawnSync('sh', ['-c', `command -v ${command}`]).status !== 0) return `it lacks ${command}`;
  }
}

async function startAndTest({ usr, bin, crds, archives }) {
  const directory = mkdtempSync(join(tmpdir(), 'session-sidecar-cluster-'));
  const logs = join(cache, 'cluster', 'logs');
  const cgroup = `session-sidecar-cluster-${process.pid}`;
  const results = join(directory, 'results.json');
  const figures = join(directory, 'figures.jsonl');
  writeFileSync(figures, '');
  makeCgroups(cgroup);
  const parts = { directory, logs, usr, bin, cgroup, archives };
  const options = { ...parts, jestArguments: [...jestArguments, '--json', '--outputFile', results] };
  const inside = join(root, 'scripts', 'cluster', 'inside.mjs');
  const child = spawn('unshare', unshareArguments([process.execPath, inside, JSON.stringify(options)]), {
    env: { ...process.env, CLUSTER_FIGURES: figures, CLUSTER_CRDS: crds },
    stdio: 'inherit',
    detached: true,
  });
  // Its end is the end of the namespaces, and of everything in them.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill('SIGKILL'));
  try {
    const [code] = await once(child, 'exit');
    if (code === 0 && jestArguments.length === 0) {
      // It uses packages.
      const { writeReport } = await import('./cluster/report.mjs');
      writeReport({ results, figures, usr });
    }
    return code ?? 130;
  } finally {
    await removeCgroups(cgroup);
    rmSync(directory, { recursive: true, force: true });
  }
}
