// Generates proto/gen from proto/session/v1, the pages of docs/ that are printed from the code, and copies for the Helm chart. With --check, changes
// nothing and fails when one of them is out of date. Without Go or Python, says so and leaves their part alone.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { chartFiles } from './generate/chart.mjs';
import { goStubs } from './generate/go.mjs';
import { printedPages } from './generate/pages.mjs';
import { pythonStubs } from './generate/python.mjs';
import { typescriptReference } from './generate/typescript-reference.mjs';
import { typescriptStubs } from './generate/typescript.mjs';
import { root } from './lib/run.mjs';

function filesBelow(directory) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();
}

/** The current output of a generator, by path. */
function freshFiles({ directory, generate }) {
  const fresh = mkdtempSync(join(tmpdir(), 'session-sidecar-generate-'));
  try {
    generate(fresh);
    return filesBelow(fresh).map((name) => [join(directory, name), readFileSync(join(fresh, name), 'utf8')]);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** The documents that are generated from the code, and copies of manifests, by path. */
async function printedDocuments() {
  return new Map([...(await printedPages()), ...(await typescriptReference()), ...chartFiles()]);
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

/** The paths that a generator has written, or should remove. */
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
  const pages = await printedDocuments();
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
  write(await printedDocuments());
}
for (const { directory, missing } of all) {
  if (missing === undefined) continue;
  console.warn(
    `NOT ${checking ? 'CHECKED' : 'GENERATED'}: ${directory}, because this machine does not have ${missing}.`,
  );
}
