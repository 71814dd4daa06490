import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Browser } from '../support/browser';
import { execute } from '../support/commands';
import { withStack } from '../support/stack';
import type { Stack } from '../support/stack';
import { sayIfMissing, toolchains } from '../support/toolchains';
import type { Toolchain } from '../support/toolchains';
import { blocksOf, brokenLinksOf, root, rowsOf } from './markdown';

const page = 'docs/guide/django.md';
const { python } = toolchains();
sayIfMissing(`the application of ${page}`, python);

/** The files of the page by name. The first line of each block names the file that it is a part of. */
function files(): Map<string, string> {
  const parts = new Map<string, string>();
  for (const { language, text } of blocksOf(page)) {
    if (language !== 'python') continue;
    const name = /^# (\w+\.py)\n/.exec(text)?.[1];
    if (name === undefined) throw new Error(`A block names no file: ${text}`);
    parts.set(name, `${parts.get(name) ?? ''}${text}`);
  }
  return parts;
}

/** Writes the application into a folder, for a sidecar of its own. */
async function writeApplication(stack: Stack): Promise<string> {
  const { address } = await stack.sidecar();
  const directory = stack.directory();
  for (const [name, text] of files()) writeFileSync(join(directory, name), text.replaceAll('localhost:50051', address));
  return directory;
}

describe(page, () => {
  const testIf = python.missing === undefined ? test : test.skip;

  testIf(
    'prints what it says',
    withStack(async (stack) => {
      const { command, env } = python as Toolchain;
      const options = { cwd: await writeApplication(stack), env: { ...env, PYTHONWARNINGS: 'error' } };
      const { stdout } = await execute(command, ['try_it.py'], options);
      expect(stdout).toBe(blocksOf(page).find(({ text }) => text.startsWith('add '))?.text);
    }),
  );

  testIf(
    'has an asynchronous view, which uvicorn serves',
    withStack(async (stack) => {
      const { command, env } = python as Toolchain;
      const cwd = await writeApplication(stack);
      const args = ['-m', 'uvicorn', '--port', '0', 'asgi:application'];
      const browser = new Browser(await stack.webServer(command, args, { cwd, env }), 'sessionid');
      for (const visits of [1, 2]) {
        expect(await (await browser.fetch('/visit')).json()).toEqual({ user: '', visits });
      }
    }),
  );

  test('has the sections of the other frameworks, in their order', () => {
    const headingsOf = (path: string): string[] =>
      [...readFileSync(join(root, path), 'utf8').matchAll(/^## (.*)$/gm)].map(([, heading = '']) => heading);
    const expected = headingsOf('docs/guide/fastify.md');
    expect(headingsOf(page).slice(0, expected.length)).toEqual(expected);
  });

  test('lists the options of the setting, with their defaults', () => {
    const source = (file: string) => readFileSync(join(root, 'client/python/session_sidecar', file), 'utf8');
    const options = /^_OPTIONS = \((.*)\)$/m.exec(source('django/connection.py'))?.[1]?.match(/\w+/g);
    const rows = rowsOf(page).filter(({ option }) => option !== undefined);
    expect(rows.map(({ option }) => option?.replaceAll('`', '')).sort()).toEqual([...(options ?? [])].sort());
    for (const { option = '', default: value = '' } of rows) {
      if (option === '`ADDRESS`') continue;
      const parameter = new RegExp(`${option.replaceAll('`', '').toLowerCase()}: .* = (.*),`);
      expect(value.startsWith('no ') ? 'None' : value.replaceAll('`', '')).toBe(
        parameter.exec(source('client.py'))?.[1],
      );
    }
  });

  test('every link leads somewhere', () => {
    expect(brokenLinksOf(page)).toEqual([]);
  });
});
