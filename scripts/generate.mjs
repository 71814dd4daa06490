// Generates proto/gen from proto/session/v1, and the pages of docs/ that are printed from the code. With --check, changes
// nothing and fails when one of them is out of date.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
const buf = (...args) => execFileSync(join(bin, 'buf'), args, { cwd: root, env, maxBuffer: 1 << 26 });

const errorDetails = ['status', 'error_details'].map(
  (name) => `node_modules/google-proto-files/google/rpc/${name}.proto`,
);
const sources = ['proto/session', ...errorDetails].flatMap((path) => ['--path', path]);

/** Writes everything that is generated into `directory`, which ends up holding nothing else. */
function generate(directory) {
  rmSync(directory, { recursive: true, force: true });
  const template = readFileSync(join(root, 'buf.gen.yaml'), 'utf8').replace('out: proto/gen', `out: ${directory}`);
  buf('generate', '--template', `${template.replace('clean: true\n', '')}`, ...sources);
  writeFileSync(join(directory, 'descriptors.ts'), descriptorsModule());
}

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

function protoFiles() {
  const fresh = mkdtempSync(join(tmpdir(), 'session-sidecar-generate-'));
  try {
    generate(fresh);
    return new Map(
      filesBelow(fresh).map((name) => [join('proto', 'gen', name), readFileSync(join(fresh, name), 'utf8')]),
    );
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

const fresh = protoFiles();
const committed = join(root, 'proto', 'gen');
if (process.argv.includes('--check')) {
  const surplus = filesBelow(committed)
    .map((name) => join('proto', 'gen', name))
    .filter((path) => !fresh.has(path));
  const pages = await printedPages();
  const stale = [...staleOf(fresh), ...surplus, ...staleOf(pages)];
  if (stale.length > 0) {
    console.error(`These differ from what their generator makes: ${stale.join(', ')}. Run: npm run generate`);
    process.exitCode = 1;
  } else {
    console.log(`All ${fresh.size + pages.size} generated files are what their generator makes.`);
  }
} else {
  rmSync(committed, { recursive: true, force: true });
  write(fresh);
  // The pages are printed from the code that was just generated, too.
  write(await printedPages());
}
