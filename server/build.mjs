// Bundles the sidecar and all it needs into dist/serve.js: one file loads faster than a thousand, and takes less memory. Other
// commands and rarely used parts are separate files, because Node.js reads and scans a whole file, used or not.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { build } from 'esbuild';
import { billOfMaterials } from './sbom.mjs';

const root = join(import.meta.dirname, '..');

/** Packages that read .proto files from their own folder, which is copied to dist/. */
const protoFolders = { 'grpc-health-check': 'proto', '@grpc/reflection': 'build/proto' };
const protosOfPackages = {
  name: 'protos-of-packages',
  setup({ onLoad }) {
    for (const name of Object.keys(protoFolders)) {
      onLoad({ filter: new RegExp(`/node_modules/${name}/build/src/.*\\.js$`) }, ({ path }) => {
        const [folder] = path.split('/build/src/');
        const place = JSON.stringify(join(name, relative(folder, join(path, '..'))));
        return {
          contents: readFileSync(path, 'utf8').replaceAll('__dirname', `require('path').join(__dirname, ${place})`),
        };
      });
    }
  },
};

/**
 * ioredis gives each command a function `reject` by an assignment, for which V8 allocates the function in the old generation of the
 * heap. There it keeps the command and its reply until a full garbage collection (docs/decisions/0080-young-garbage.md).
 */
const youngCommands = {
  name: 'young-commands',
  setup({ onLoad, onEnd }) {
    const assignment = /^( +)(\w+)\.reject = ((?:\(\w+\) =>|function \(\w+\)) \{\n.*?\n\1\});$/gms;
    let count = 0;
    onLoad({ filter: /[\\/]ioredis[\\/]built[\\/].*\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll(assignment, (_, indent, command, reject) => {
        count += 1;
        return `${indent}Object.assign(${command}, { reject: ${reject} });`;
      }),
    }));
    // In Command, Script, Cluster, and for a command that the sidecar does not use.
    onEnd(() =>
      count === 4 ? {} : { errors: [{ text: `ioredis has changed: it assigns \`reject\` ${count} times.` }] },
    );
  },
};

/** The files of dist/ by name: main.js chooses, and each of the others is loaded when it is needed. */
const entryPoints = {
  main: 'src/main.ts',
  serve: 'src/serve.ts',
  opentelemetry: 'src/tracing/opentelemetry.ts',
  inspector: 'src/inspector/inspector.ts',
  admin: 'src/admin/admin-service.ts',
  'json-schema': 'src/data-schema/json-schema.ts',
  cli: 'src/cli/index.ts',
  'grpc-commands': 'src/cli/grpc-commands.ts',
  'redis-commands': 'src/cli/redis-commands.ts',
};

/** A file of dist/ does not contain another one, but loads it from beside itself. */
const filesOnDemand = {
  name: 'files-on-demand',
  setup({ onResolve }) {
    const names = new Map(Object.entries(entryPoints).map(([name, path]) => [resolve(path), name]));
    onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
      if (kind === 'entry-point') return undefined;
      const target = resolve(resolveDir, path);
      const name = names.get(`${target}.ts`) ?? names.get(join(target, 'index.ts'));
      return name && { path: `./${name}`, external: true };
    });
  },
};

const { metafile } = await build({
  entryPoints,
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  define: { buildCommit: JSON.stringify(commitOf()) ?? 'undefined' },
  alias: { '@session-sidecar/proto': '../proto/gen' },
  loader: { '.lua': 'text', '.css': 'text', '.browser.js': 'text' },
  plugins: [filesOnDemand, protosOfPackages, youngCommands],
  // How much memory young garbage may take (docs/decisions/0080-young-garbage.md). Flags that can be set later are in heap.ts: here,
  // most of them would make starting slower.
  banner: {
    js: '#!/usr/bin/env -S MALLOC_ARENA_MAX=1 node --max-semi-space-size=1',
  },
  sourcemap: true,
  // Node.js keeps the text in memory. Names stay, for stack traces.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 200,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
});
// npm makes it executable when it installs the package, which in a fresh checkout happens before the build.
chmodSync('dist/main.js', 0o755);
for (const [name, protos] of Object.entries(protoFolders)) {
  cpSync(join(root, 'node_modules', name, protos), join('dist', name, protos), { recursive: true });
}
const packages = bundledPackages(Object.keys(metafile.inputs));
writeFileSync('dist/THIRD-PARTY-LICENSES.txt', licenses(packages));
writeFileSync('dist/sbom.cdx.json', billOfMaterials(root, packages));

/** The folders of the packages that something in the bundle is from. */
function bundledPackages(inputs) {
  const folders = inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path.split(sep).join('/')) ?? []);
  return [...new Set(folders)].sort();
}

/** What src/commit.ts has. An image is built without the repository, so it is told. */
function commitOf() {
  const { REVISION = 'unknown' } = process.env;
  if (REVISION !== 'unknown') return REVISION;
  try {
    const args = ['describe', '--always', '--dirty', '--abbrev=12', '--exclude=*'];
    return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}

/** The licences of the bundled packages, which must be distributed with the code. */
function licenses(packages) {
  return packages
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      const text = file === undefined ? `Licence: ${license}` : readFileSync(join(folder, file), 'utf8');
      return `${name} ${version}\n\n${text.trim()}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}
