import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { cache, root } from '../lib/run.mjs';

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
    alias: { '@session-sidecar/proto': join(root, 'proto', 'gen') },
    logLevel: 'warning',
  });
  const { pages } = await import(pathToFileURL(bundle).href);
  return new Map(Object.entries(await pages()).map(([name, text]) => [join('docs', name), text]));
}
