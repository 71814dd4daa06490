// Generates proto/gen from proto/session/v1, and the pages of docs/ that are printed from the code. With --check, changes
// nothing and fails when one of them is out of date. Without Go or Python, says so and leaves their part alone.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { build } from 'esbuild';
import { goStubs, pythonStubs } from './stubs.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
const buf = (...args) => execFileSync(join(bin, 'buf'), args, { cwd: root, env, maxBuffer: 1 << 26 });

const errorDetails = ['status', 'error_details'].map(
  (name) => `node_modules/google-proto-files/google/rpc/${name}.proto`,
);
const sources = ['proto/session', ...errorDetails].flatMap((path) => ['--path', path]);

/** What TypeScript uses: everything in proto/gen but what is generated for the other languages. */
const typescriptStubs = {
  directory: 'proto/gen',
  except: ['go/', 'python/'],
  generate(out) {
    const template = readFileSync(join(root, 'buf.gen.yaml'), 'utf8').replace('out: proto/gen', `out: ${out}`);
    buf('generate', '--template', template, ...sources);
    writeFileSync(join(out, 'descriptors.ts'), descriptorsModule());
  },
};

function descriptorsModule() {
  const served = ['proto/session', 'node_modules/grpc-health-check/proto/health'].flatMap((path) => ['--path', path]);
  const set = buf('build', '--as-file-descriptor-set', ...served, '-o', '-#format=binpb');
  const files = fromBinary(FileDescriptorSetSchema, set).file.map((file) => toBinary(FileDescriptorProtoSchema, file));
  return [
    '// Generated from proto/session/v1. DO NOT EDIT.',
    '',
    '/** A FileDescriptorProto, in base64, for each file of session.v1, grpc.health.v1 and their imports, comments included. */',
    'export const fileDescriptors: readonly string[] = [',
    ...files.map((file) => `  '${Buffer.from(file).toString('base64')}',`),
    '];',
    '',
  ].join('\n');
}

function filesBelow(directory) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();
}

/** The pages of docs/ that are printed from the code, by path. */
async function printedPages() {
  const bundle = join(root, 'node_modules', '.cache', 'session-sidecar', 'pages.mjs');
  await build({
    entryPoints: [join(root, 'scripts', 'pages.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    alias: { '@session-sidecar/proto': join(root, 'proto', 'gen') },
    logLevel: 'warning',
  });
  const { pages } = await import(pathToFileURL(bundle).href);
  return new Map(Object.entries(await pages()).map(([name, text]) => [join('docs', name), text]));
}

/** What a generator makes now, by path. */
function freshFiles({ directory, generate }) {
  const fresh = mkdtempSync(join(tmpdir(), 'session-sidecar-generate-'));
  try {
    generate(fresh);
    return filesBelow(fresh).map((name) => [join(directory, name), readFileSync(join(fresh, name), 'utf8')]);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function write(files) {
  for (const [path, text] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

function staleOf(files) {
  const isCurrent = ([path, text]) => existsSync(join(root, path)) && readFileSync(join(root, path), 'utf8') === text;
  return [...files].filter((file) => !isCurrent(file)).map(([path]) => path);
}

/** The paths of what a generator made, or should not have. */
function committedFiles({ directory, except = [] }) {
  return filesBelow(join(root, directory))
    .filter((name) => !except.some((prefix) => name.startsWith(prefix)))
    .map((name) => join(directory, name));
}

const checking = process.argv.includes('--check');
const all = [typescriptStubs, goStubs(), pythonStubs()];
const targets = all.filter(({ missing }) => missing === undefined);
const fresh = new Map(targets.flatMap(freshFiles));
const surplus = targets.flatMap(committedFiles).filter((path) => !fresh.has(path));
if (checking) {
  const pages = await printedPages();
  const stale = [...staleOf(fresh), ...surplus, ...staleOf(pages)];
  if (stale.length > 0) {
    console.error(`These differ from what their generator makes: ${stale.join(', ')}. Run: npm run generate`);
    process.exitCode = 1;
  } else {
    console.log(`All ${fresh.size + pages.size} generated files are what their generator makes.`);
  }
} else {
  for (const path of surplus) rmSync(join(root, path));
  write(fresh);
  // The pages are printed from the code that was just generated, too.
  write(await printedPages());
}
for (const { directory, missing } of all) {
  if (missing === undefined) continue;
  console.warn(
    `NOT ${checking ? 'CHECKED' : 'GENERATED'}: ${directory}, because this machine does not have ${missing}.`,
  );
}
