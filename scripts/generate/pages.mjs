import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { cache, root } from '../lib/run.mjs';

/** Other packages use an older version, which npm may put where the bundle finds it. */
const commanderOfServer = {
  name: 'commander-of-server',
  setup({ onResolve }) {
    const path = createRequire(join(root, 'server', 'package.json')).resolve('commander');
    onResolve({ filter: /^commander$/ }, () => ({ path: pathToFileURL(path).href, external: true }));
  },
};

/** The pages of docs/ that are generated from the code, by path. */
export async function printedPages() {
  const bundle = join(cache, 'pages.mjs');
  await build({
    entryPoints: [join(root, 'scripts', 'generate', 'pages', 'index.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    // What runs commands, which are only described here.
    external: ['./grpc-commands', './redis-commands'],
    alias: { '@session-sidecar/proto': join(root, 'proto', 'gen') },
    plugins: [commanderOfServer],
    logLevel: 'warning',
  });
  const { pages } = await import(pathToFileURL(bundle).href);
  return new Map(Object.entries(await pages()).map(([name, text]) => [join('docs', name), text]));
}
