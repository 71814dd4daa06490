import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { execute } from '../support/commands';
import type { Sidecar } from '../support/sidecar';
import { blocksOf, root } from './markdown';
import { stackForAllTests } from '../support/stack';

/** Documents whose `ts` blocks are programs; the block after one is what it prints. */
const documents = ['README.md', 'docs/guide/typescript.md', 'docs/guide/express.md', 'docs/guide/client-cache.md'];

describe.each(documents)('%s', (document) => {
  const stack = stackForAllTests();
  let sidecar: Sidecar;
  let directory: string;

  beforeAll(async () => {
    sidecar = await stack.sidecar();
    // Below the checkout, so that programs find the packages as an application would.
    const cache = join(root, 'node_modules', '.cache');
    mkdirSync(cache, { recursive: true });
    directory = stack.directory(cache);
  });

  const blocks = blocksOf(document);
  const withOutput = blocks.map((block, index) => ({ ...block, output: blocks[index + 1]?.text ?? '' }));
  const programs = withOutput.filter(({ language }) => language === 'ts');

  test('has a program', () => {
    expect(programs.length).toBeGreaterThan(0);
  });

  test.each(programs)(
    'its program compiles in strict mode and prints what the document says',
    async ({ text, output }) => {
      const file = join(directory, 'program.mts');
      writeFileSync(file, text.replaceAll('localhost:50051', sidecar.address));
      const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
      const options = [
        '--ignoreConfig',
        '--strict',
        '--skipLibCheck',
        '--module',
        'nodenext',
        '--target',
        'es2023',
        '--types',
        'node',
      ];
      await execute(process.execPath, [tsc, ...options, file]);
      const { stdout } = await execute(process.execPath, [file.replace('.mts', '.mjs')]);
      expect(stdout).toBe(output);
    },
  );
});
