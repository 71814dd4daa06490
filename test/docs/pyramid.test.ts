import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { execute } from '../support/commands';
import { stackForAllTests } from '../support/stack';
import { sayIfMissing, toolchains } from '../support/toolchains';
import type { Found } from '../support/toolchains';
import { blocksOf, root } from './markdown';

const stack = stackForAllTests();
const { python } = toolchains();
sayIfMissing('the program of docs/guide/pyramid.md', python);
const testIf = python.missing === undefined ? test : test.skip;

const page = 'docs/guide/pyramid.md';
const text = readFileSync(join(root, page), 'utf8');
const textOf = (document: string, language: string): string =>
  blocksOf(document)
    .filter((block) => block.language === language)
    .map((block) => block.text)
    .join('\n');

describe(page, () => {
  test('goes from install to sign-out, in the order of the other frameworks', () => {
    const headings = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    const koa = readFileSync(join(root, 'docs/guide/koa.md'), 'utf8');
    expect(headings).toEqual([...koa.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading));
  });

  testIf('its program prints what the page says', async () => {
    const sidecar = await stack.sidecar();
    const { command, env } = python as Found;
    const program = textOf(page, 'python').replaceAll('localhost:50051', sidecar.address);
    const { stdout } = await execute(command, ['-c', program], { env });
    expect(stdout).toBe(textOf(page, 'text'));
  });

  testIf('lists all settings', async () => {
    const { command, env } = python as Found;
    const program = 'from session_sidecar.pyramid.settings import READERS; print(*sorted(READERS))';
    const { stdout } = await execute(command, ['-c', program], { env });
    const rows = text.split('\n').filter((line) => line.startsWith('| `'));
    const names = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name));
    expect(names.sort().join(' ')).toBe(stdout.trim());
  });
});

testIf(
  'an application with the settings of the former library is told what docs/guide/coming-from-pyramid.md says',
  async () => {
    const { command, env } = python as Found;
    const program = [
      'from pyramid.config import Configurator',
      'settings = {"redis.sessions.secret": "x", "redis.sessions.timeout": "1200", "redis.sessions.url": "redis://redis"}',
      'config = Configurator(settings=settings)',
      'try:',
      ...textOf('docs/guide/coming-from-pyramid.md', 'python')
        .split('\n')
        .map((line) => `    ${line}`),
      'except Exception as error:',
      '    print(error)',
    ];
    const { stdout } = await execute(command, ['-c', program.join('\n')], { env });
    expect(stdout).toBe(textOf('docs/guide/coming-from-pyramid.md', 'text'));
  },
);
