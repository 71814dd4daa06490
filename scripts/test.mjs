// npm test: everything up to a finished test run. What follows `--` goes to jest, for example: npm test -- test/unit
import { join } from 'node:path';
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
await handOver(process.execPath, [join(root, 'node_modules', 'jest', 'bin', 'jest.js'), ...process.argv.slice(2)], {
  env: { ...process.env, TEST_TOOLCHAINS },
});
