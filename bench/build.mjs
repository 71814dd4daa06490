// Bundles the benchmark's own code into dist/, one file for each kind of process. Packages stay outside, even the client and the
// generated code, so that the benchmark measures what a user installs.
import { build } from 'esbuild';

await build({
  entryPoints: {
    main: 'src/main.ts',
    load: 'src/load.ts',
    'express-app': 'src/express-app.ts',
    attacker: 'src/attacker.ts',
    'echo-server': 'src/echo-server.ts',
    scale: 'scale/main.ts',
  },
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  packages: 'external',
  // Ignores the root's tsconfig.json, whose paths lead to the client's sources instead of its package.
  tsconfigRaw: '{}',
  sourcemap: true,
  logLevel: 'warning',
});
