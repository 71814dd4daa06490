// The load processes of the benchmark that are written in Go and Python, with the libraries that they compare with, which are
// downloaded to node_modules/.cache. Prints how to run one as JSON: { command, args, env } or { missing }.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { cache, root } from './lib/run.mjs';
import { goToolchain, pythonToolchain } from './lib/toolchains.mjs';

const bench = join(root, 'bench');
const stdio = ['ignore', process.stderr, process.stderr];

const languages = {
  go() {
    const { missing, command, env } = goToolchain();
    if (missing !== undefined) return { missing };
    const load = join(cache, 'bench', 'load');
    execFileSync(command, ['build', '-mod=readonly', '-o', load, '.'], { cwd: join(bench, 'go'), env, stdio });
    return { command: load, args: [], env: {} };
  },
  python() {
    const { missing, command, env } = pythonToolchain('python-bench', join(bench, 'python', 'requirements.txt'));
    if (missing !== undefined) return { missing };
    const { PYTHONPATH, PYTHONDONTWRITEBYTECODE } = env;
    return { command, args: [join(bench, 'python', 'load.py')], env: { PYTHONPATH, PYTHONDONTWRITEBYTECODE } };
  },
};

console.log(JSON.stringify(languages[process.argv[2]]()));
