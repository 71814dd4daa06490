// Bundles the sidecar's own code and the generated code it uses into dist/main.js. What comes from npm stays outside.
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
