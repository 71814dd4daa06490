// npm run fuzz: bundles test/fuzz, with the sources of server and client instrumented, so that coverage can guide the inputs, and
// runs it. --help lists the options.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { build, transform } from 'esbuild';
import { createInstrumenter } from 'istanbul-lib-instrument';
import { cache, handOver, root } from './lib/run.mjs';

// For this run only, because workers are reloaded whenever one has ended. Inside the repository, so that packages are found.
mkdirSync(cache, { recursive: true });
const outdir = mkdtempSync(join(cache, 'fuzz-'));
process.once('exit', () => rmSync(outdir, { recursive: true, force: true }));

const instrumenter = createInstrumenter({ esModules: true, produceSourceMap: true });
const { version } = createRequire(import.meta.url)('istanbul-lib-instrument/package.json');
/** Instrumenting takes most of the time of a bundle, and sources rarely change. */
const instrumented = join(cache, 'instrumented');
mkdirSync(instrumented, { recursive: true });

/** Packages stay external, each in the version that the importing file would get. */
const packages = {
  name: 'packages',
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, resolveDir, kind }) => {
      if (kind === 'entry-point' || isBuiltin(path) || path.startsWith('@session-sidecar/')) return undefined;
      return { path: createRequire(join(resolveDir, 'importer.js')).resolve(path), external: true };
    });
  },
};

/** Tests locate files by `__dirname`, which a bundle would change. */
const sources = {
  name: 'sources',
  setup({ onLoad }) {
    onLoad({ filter: /\/(server|client|test)\/.*\.ts$/ }, async ({ path }) => {
      if (path.includes('/node_modules/')) return undefined;
      const name = relative(root, path);
      const define = { __dirname: JSON.stringify(dirname(path)) };
      const isEngine = name.startsWith(join('test', 'fuzz', 'engine'));
      const { code, map } = await transform(readFileSync(path, 'utf8'), {
        loader: 'ts',
        format: 'esm',
        target: 'node20',
        sourcefile: path,
        sourcemap: true,
        ...(isEngine ? {} : { define }),
      });
      const isProduct = /^(server|client)[/\\]src[/\\]/.test(name);
      return { contents: isProduct ? instrument(code, name, map) : withMap(code, JSON.parse(map)), loader: 'js' };
    });
  },
};

function instrument(code, name, map) {
  const key = createHash('sha256').update([version, root, code, map].join('\0')).digest('hex');
  const file = join(instrumented, `${name.replaceAll(sep, '-')}.json`);
  const known = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  if (known.key === key) return known.contents;
  const contents = withMap(instrumenter.instrumentSync(code, name, JSON.parse(map)), instrumenter.lastSourceMap());
  // At once, because another run may read it.
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify({ key, contents }));
  renameSync(draft, file);
  return contents;
}

function withMap(code, map) {
  const encoded = Buffer.from(JSON.stringify(map)).toString('base64');
  return `${code}\n//# sourceMappingURL=data:application/json;base64,${encoded}\n`;
}

await build({
  entryPoints: { main: join(root, 'test/fuzz/main.ts'), worker: join(root, 'test/fuzz/engine/worker.ts') },
  outdir,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  alias: {
    '@session-sidecar/proto': join(root, 'proto/gen'),
    '@session-sidecar/client/express': join(root, 'client/src/web/express.ts'),
    '@session-sidecar/client': join(root, 'client/src/index.ts'),
  },
  loader: { '.lua': 'text' },
  plugins: [packages, sources],
  sourcemap: 'inline',
  logLevel: 'error',
});
await handOver(process.execPath, ['--enable-source-maps', join(outdir, 'main.cjs'), ...process.argv.slice(2)]);
