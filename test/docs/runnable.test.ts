import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { execute, outcomeOf } from '../support/commands';
import { blocksOf, root } from './markdown';
import { stackForAllTests } from '../support/stack';

/** Documents whose `ts` blocks are programs; the block after one is what it prints. */
const documents = [
  'README.md',
  ...['typescript', 'express', 'web-frameworks', 'client-cache'].map((name) => `docs/guide/${name}.md`),
];

const programs = documents.flatMap((document) =>
  blocksOf(document).flatMap(({ language, text }, index, blocks) =>
    language === 'ts' ? [{ document, text, output: blocks[index + 1]?.text ?? '' }] : [],
  ),
);
const nameOf = (index: number): string => `program-${index}`;

const stack = stackForAllTests();
let directory: string;
let compiled: ReturnType<typeof outcomeOf>;

beforeAll(async () => {
  const { address } = await stack.sidecar();
  // Below the checkout, so that programs find the packages as an application would.
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  directory = stack.directory(cache);
  const files = programs.map(({ text }, index) => {
    const file = `${nameOf(index)}.mts`;
    writeFileSync(join(directory, file), text.replaceAll('localhost:50051', address));
    return file;
  });
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
  // All at once, because most of the time goes into what they import.
  compiled = outcomeOf(process.execPath, [tsc, ...options, ...files], { cwd: directory });
}, 120_000);

test.each(documents)('%s has a program', (document) => {
  expect(programs.filter((program) => program.document === document).length).toBeGreaterThan(0);
});

test('all programs compile in strict mode', () => {
  expect(compiled).toEqual({ status: 0, stdout: '', stderr: '' });
});

describe.each(programs.map((program, index) => ({ ...program, name: nameOf(index) })))(
  '$document',
  ({ name, output }) => {
    test('its program prints what the document says', async () => {
      const { stdout } = await execute(process.execPath, [join(directory, `${name}.mjs`)]);
      expect(stdout).toBe(output);
    });
  },
);
