// As a command, installs what few commands need, and prints where: node scripts/lib/packages.mjs test/docs/nextjs
import { existsSync, copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cache, root, run } from './run.mjs';

/** Installs the npm packages that package-lock.json lists, unless exactly these are installed. */
export function installPackages() {
  install({ directory: root, what: 'npm packages', output: 'inherit' });
}

/**
 * Installs the npm packages that the package-lock.json of a folder lists, unless exactly these are installed: apart from the others,
 * because they are large and rarely needed.
 *
 * @param {string} folder of the repository, which is no workspace
 * @returns {string} the folder whose node_modules has the packages
 */
export function installPackagesOf(folder) {
  const directory = join(cache, 'npm', folder);
  mkdirSync(directory, { recursive: true });
  for (const name of ['package.json', 'package-lock.json'])
    copyFileSync(join(root, folder, name), join(directory, name));
  install({ directory, what: `npm packages of ${folder}`, output: process.stderr });
  return directory;
}

function install({ directory, what, output }) {
  if (isInstalled(directory)) return;
  console.error(`Installing ${what} …`);
  const options = ['--no-audit', '--no-fund', '--loglevel', 'error'];
  run('npm', ['ci', ...options], { cwd: directory, stdio: ['ignore', output, process.stderr] });
}

/** npm writes down what it has installed, last of all. Of optional packages, those for other platforms are left out. */
function isInstalled(directory) {
  const record = join(directory, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const installed = packagesOf(record);
  const wanted = packagesOf(join(directory, 'package-lock.json'));
  return (
    Object.keys(installed).every((path) => path in wanted) &&
    Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
      const found = installed[path];
      if (found === undefined) return path === '' || optional === true;
      return found.version === version && found.integrity === integrity;
    })
  );
}

function packagesOf(lockFile) {
  return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(installPackagesOf(process.argv[2]));
