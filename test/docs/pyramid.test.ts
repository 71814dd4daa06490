import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { execute } from '../support/commands';
import { sayIfMissing, toolchains } from '../support/toolchains';
import type { Found } from '../support/toolchains';
import { blocksOf, root } from './markdown';

const { python } = toolchains();
sayIfMissing('what the pages on Pyramid say of settings', python);
const testIf = python.missing === undefined ? test : test.skip;

async function outputOf(program: string): Promise<string> {
  const { command, env } = python as Found;
  return (await execute(command, ['-c', program], { env })).stdout;
}

testIf('docs/guide/pyramid.md lists all settings', async () => {
  const text = readFileSync(join(root, 'docs/guide/pyramid.md'), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| `'));
  const names = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name));
  const existing = await outputOf('from session_sidecar.pyramid.settings import READERS; print(*sorted(READERS))');
  expect(names.sort().join(' ')).toBe(existing.trim());
});

testIf('the settings of the former library are refused as docs/guide/coming-from-pyramid.md says', async () => {
  const blocks = blocksOf('docs/guide/coming-from-pyramid.md');
  const textOf = (of: string): string => blocks.find(({ language }) => language === of)?.text ?? '';
  const program = [
    'from pyramid.config import Configurator',
    'settings = {"redis.sessions.secret": "x", "redis.sessions.timeout": "1200", "redis.sessions.url": "redis://redis"}',
    'config = Configurator(settings=settings)',
    'try:',
    ...textOf('python')
      .split('\n')
      .map((line) => `    ${line}`),
    'except Exception as error:',
    '    print(error)',
  ];
  expect(await outputOf(program.join('\n'))).toBe(textOf('text'));
});
