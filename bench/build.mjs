// Bundles the benchmark's own code into dist/, one file for each kind of process. What comes from npm stays outside, the
// client and the generated code too: what is measured is what a user installs.
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
  // The paths of the root's tsconfig.json lead to the sources of the client.
  tsconfigRaw: '{}',
  sourcemap: true,
  logLevel: 'warning',
});
