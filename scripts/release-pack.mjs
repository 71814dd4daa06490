// npm run release:pack: packs the npm packages, and those for Python, into release/, or the folder given with --destination, and
// prints how to install them. Builds them afresh; --built packs the builds of the npm packages that are there.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { installPackages } from './lib/packages.mjs';
import { root, run } from './lib/run.mjs';
import { pythonToolchain } from './lib/toolchains.mjs';

const { values } = parseArgs({ options: { destination: { type: 'string' }, built: { type: 'boolean' } } });
const destination = resolve(values.destination ?? join(root, 'release'));
const folders = ['proto', 'client', 'server'];
const pythonFolders = ['proto/gen/python', 'client/python'];

if (values.built) {
  const missing = folders.filter((folder) => !existsSync(join(root, folder, 'dist')));
  if (missing.length > 0) throw new Error(`Expected builds of ${missing.join(', ')}. Make them with: npm run build`);
} else {
  installPackages();
}

// So that install lines with a * find one file.
mkdirSync(destination, { recursive: true });
for (const file of readdirSync(destination)) {
  if (/^session-sidecar-.+\.tgz$|^session_sidecar.*-.+\.(whl|tar\.gz)$/.test(file)) rmSync(join(destination, file));
}

const workspaces = folders.flatMap((folder) => ['--workspace', folder]);
const options = ['--offline', '--silent', '--pack-destination', destination];
// Each package's prepack script builds it.
run('npm', ['pack', ...options, ...(values.built ? ['--ignore-scripts'] : []), ...workspaces], {
  stdio: ['ignore', 'ignore', 'inherit'],
});

const [proto, client, server] = folders.map((folder) => join(destination, tarballOf(folder)));
console.log(`Packed proto, client and server into ${relative(process.cwd(), destination) || '.'}.

In an application:

  npm install ${proto} ${client}

The sidecar, as the command session-sidecar:

  npm install --global ${server}
`);

const python = pythonToolchain();
if (python.missing !== undefined) {
  console.log(`Without ${python.missing}, the packages for Python are left out.`);
} else {
  for (const folder of pythonFolders) {
    const args = ['-m', 'hatchling', 'build', '--directory', destination, '--target', 'sdist', '--target', 'wheel'];
    run(python.command, args, { cwd: join(root, folder), env: python.env, stdio: ['ignore', 'ignore', 'inherit'] });
  }
  const wheels = readdirSync(destination).filter((file) => file.endsWith('.whl'));
  console.log(`Packed wheels and sdists for Python, too. In an application's environment:

  pip install ${wheels.map((file) => join(destination, file)).join(' ')}
`);
}

function tarballOf(folder) {
  const { name, version } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  return `${name.slice(1).replace('/', '-')}-${version}.tgz`;
}
