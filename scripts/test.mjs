// npm test: everything up to a finished test run. What follows `--` goes to jest, for example: npm test -- test/unit
import { join } from 'node:path';
import { lastBuild } from './lib/builds.mjs';
import { installPackages } from './lib/packages.mjs';
import { handOver, root, run } from './lib/run.mjs';
import { goToolchain, pythonToolchain } from './lib/toolchains.mjs';
import { installChromium, installKustomize, installPrometheus, installShells, requireRedis } from './lib/tools.mjs';

installPackages();
requireRedis();
installChromium();
installShells();
installPrometheus();
installKustomize();
run('npm', ['run', '--silent', 'build']);
// Before the tests, because several of them use it concurrently; and once, because to find a toolchain takes several processes.
const TEST_TOOLCHAINS = JSON.stringify({ go: goToolchain(), python: pythonToolchain() });

const built = lastBuild();
process.once('exit', () => {
  if (lastBuild() === built) return;
  console.error('The builds were written again while tests ran that use them: by a test, or by another command.');
  process.exitCode = 1;
});
await handOver(process.execPath, [join(root, 'node_modules', 'jest', 'bin', 'jest.js'), ...process.argv.slice(2)], {
  env: { ...process.env, TEST_TOOLCHAINS },
});
