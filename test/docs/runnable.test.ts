import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startSidecar } from '../support/sidecar';
import type { Sidecar } from '../support/sidecar';
import { blocksOf, root } from './markdown';

const execute = promisify(execFile);

/** Documents whose `ts` blocks are programs; the block after one is what it prints. */
const documents = ['README.md', 'docs/guide/typescript.md', 'docs/guide/express.md'];

describe.each(documents)('%s', (document) => {
  let sidecar: Sidecar;
  let directory: string;

  beforeAll(async () => {
    sidecar = await startSidecar();
    // Below the checkout, so that programs find the packages as an application would.
    const cache = join(root, 'node_modules', '.cache');
    mkdirSync(cache, { recursive: true });
    directory = mkdtempSync(join(cache, 'docs-'));
  });

  afterAll(async () => {
    rmSync(directory, { recursive: true, force: true });
    await sidecar.close();
  });

  const blocks = blocksOf(document);
  const withOutput = blocks.map((block, index) => ({ ...block, output: blocks[index + 1]?.text ?? '' }));
  const programs = withOutput.filter(({ language }) => language === 'ts');

  test('has something to run', () => {
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
