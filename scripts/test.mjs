// npm test: everything up to a finished test run. What follows `--` goes to jest, for example: npm test -- test/unit
import { installKustomize, installPackages, installPrometheus, installRedis, root, run } from './install.mjs';
import { pythonToolchain } from './toolchains.mjs';
import { join } from 'node:path';

installPackages();
installRedis();
installPrometheus();
installKustomize();
run('npm', ['run', '--silent', 'build']);
// Before tests, several of which use it, run side by side.
pythonToolchain();
run(process.execPath, [join(root, 'node_modules', 'jest', 'bin', 'jest.js'), ...process.argv.slice(2)]);
