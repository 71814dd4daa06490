// The first program in the namespaces: starts a one-node Kubernetes, runs the tests beside it, and ends as they do. When it ends, so
// does all that it started.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../lib/run.mjs';
import { startControlPlane } from './control-plane.mjs';
import { isolate } from './isolation.mjs';
import { startNode } from './node.mjs';

const { directory, logs, usr, bin, cgroup, archives, jestArguments } = JSON.parse(process.argv[2]);
process.env.PATH = [bin, process.env.PATH, '/usr/sbin', '/sbin'].join(':');
isolate({ usr, directory });
const begin = performance.now();
const kubeconfig = await startControlPlane({ directory, logs });
await startNode({ directory, logs, kubeconfig, cgroup, archives });
console.log(`Kubernetes is ready after ${((performance.now() - begin) / 1000).toFixed(0)} s.`);

const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const config = join(root, 'test', 'cluster', 'jest.config.mjs');
const { status } = spawnSync(
  process.execPath,
  [jest, '--config', config, '--runInBand', '--forceExit', ...jestArguments],
  {
    cwd: root,
    env: { ...process.env, KUBECONFIG: kubeconfig },
    stdio: 'inherit',
  },
);
process.exit(status ?? 1);
