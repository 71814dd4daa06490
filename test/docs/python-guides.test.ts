import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { execute } from '../support/commands';
import type { Sidecar } from '../support/sidecar';
import { stackForAllTests } from '../support/stack';
import { sayIfMissing, toolchains } from '../support/toolchains';
import { blocksOf, root } from './markdown';

/** One page for each integration in Python. They have the sections of the pages for TypeScript, and more. */
const pages = ['flask', 'fastapi', 'pyramid'].map((name) => `docs/guide/${name}.md`);
const sections = [
  ...['Install', 'Set up', 'Protect forms', 'Read and write', 'Sign in', 'Show a message once', 'Sign out'],
  ...['When something fails', 'Test'],
];

const { python } = toolchains();
sayIfMissing('the programs of the pages on Flask, FastAPI and Pyramid', python);
const stack = stackForAllTests();
let sidecar: Sidecar;

beforeAll(async () => {
  sidecar = await stack.sidecar();
});

describe.each(pages)('%s', (page) => {
  const text = readFileSync(join(root, page), 'utf8');
  const blocks = blocksOf(page).filter(({ language }) => ['python', 'text'].includes(language));

  test('goes from install to sign-out, in the order of the other pages', () => {
    const found = [...text.matchAll(/^## (.*)$/gm)].map(([, heading = '']) => heading);
    expect(found.filter((heading) => sections.includes(heading))).toEqual(sections);
  });

  test('is set up in at most five lines', () => {
    const lines = blocks[0]?.text.split('\n').filter((line) => line !== '') ?? [];
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThanOrEqual(5);
  });

  (python.missing === undefined ? test : test.skip)('its program prints what the page says', async () => {
    const output = blocks.at(-1)!;
    const parts = blocks.slice(0, -1).map((block) => block.text);
    const program = join(stack.directory(), 'program.py');
    writeFileSync(program, parts.join('\n\n').replaceAll('localhost:50051', sidecar.address));
    const { command, env } = python as { command: string; env: NodeJS.ProcessEnv };
    const { stdout } = await execute(command, [program], { env });
    expect([output.language, stdout]).toEqual(['text', output.text]);
  });
});
