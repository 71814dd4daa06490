// Bundles the sidecar's own code and the generated code it uses into dist/main.js. What comes from npm stays outside.
import { chmodSync } from 'node:fs';
import { build } from 'esbuild';

await build({
  entryPoints: ['src/main.ts'],
  outfile: 'dist/main.js',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  packages: 'external',
  alias: { '@session-sidecar/proto': '../proto/gen' },
  loader: { '.lua': 'text' },
  banner: { js: '#!/usr/bin/env node' },
  sourcemap: true,
  logLevel: 'warning',
});
// npm makes it executable when it installs the package, which in a fresh checkout comes before there is a build.
chmodSync('dist/main.js', 0o755);
