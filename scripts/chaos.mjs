// npm run chaos: bundles the history checker of test/chaos and runs it with the given arguments; --help lists them.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { cache, handOver, root } from './lib/run.mjs';

// For this run only, because workers are started throughout it. Inside the repository, so that packages are found.
mkdirSync(cache, { recursive: true });
const outdir = mkdtempSync(join(cache, 'chaos-'));
process.once('exit', () => rmSync(outdir, { recursive: true, force: true }));
await build({
  absWorkingDir: root,
  entryPoints: ['main.ts', 'worker/main.ts', 'clock-preload.ts'].map((file) => join('test', 'chaos', file)),
  outbase: join('test', 'chaos'),
  outdir,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  packages: 'external',
  // Packages from npm stay external; packages of this repository are bundled from their sources, as in tsconfig.json.
  alias: {
    '@session-sidecar/client': './client/src/index.ts',
    '@session-sidecar/proto': './proto/gen',
  },
  sourcemap: true,
  logLevel: 'warning',
});
await handOver(process.execPath, ['--enable-source-maps', join(outdir, 'main.js'), ...process.argv.slice(2)], {
  cwd: process.cwd(),
  env: { ...process.env, CHAOS_ROOT: root },
});
