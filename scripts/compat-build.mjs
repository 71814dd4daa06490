// Builds the client and the sidecar of an earlier commit for test/compatibility: node scripts/compat-build.mjs 4c67bd6
// Each becomes one file with the code of this repository only, which takes other packages from node_modules.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from './lib/run.mjs';

const [commit] = process.argv.slice(2);
const directory = mkdtempSync(join(tmpdir(), 'session-sidecar-compat-build-'));
try {
  const sources = execFileSync('git', ['archive', commit, 'client', 'proto', 'server', 'tsconfig.base.json'], {
    cwd: root,
    maxBuffer: 1 << 28,
  });
  execFileSync('tar', ['-x', '-C', directory], { input: sources });
  await build({
    absWorkingDir: directory,
    entryPoints: { client: 'client/src/index.ts', sidecar: 'server/src/main.ts' },
    outdir: join(root, 'test', 'compatibility', 'builds', commit),
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    packages: 'external',
    alias: { '@session-sidecar/proto': './proto/gen' },
    loader: { '.lua': 'text' },
    banner: { js: `// Made from commit ${commit} by scripts/compat-build.mjs. DO NOT EDIT.` },
    logLevel: 'info',
  });
} finally {
  rmSync(directory, { recursive: true, force: true });
}
