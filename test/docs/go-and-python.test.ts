import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { execute } from '../support/commands';
import type { Sidecar } from '../support/sidecar';
import { sayIfMissing, toolchains } from '../support/toolchains';
import type { Found, Missing } from '../support/toolchains';
import { blocksOf, root, withoutCode } from './markdown';
import { stackForAllTests } from '../support/stack';

const stack = stackForAllTests();

const { go, python } = toolchains();
sayIfMissing('the programs of docs/guide in Go', go);
sayIfMissing('the programs of docs/guide in Python', python);
const testWith = ({ missing }: Found | Missing) => (missing === undefined ? test : test.skip);

let sidecar: Sidecar;
let directory: string;

beforeAll(async () => {
  sidecar = await stack.sidecar();
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  directory = stack.directory(cache);
});

/** The programs of a page, for the sidecar of this test, and what the page says that they print. */
function programsOf(page: string, language: string): { readonly program: string; readonly output: string }[] {
  return blocksOf(page).flatMap((block, index, blocks) => {
    if (block.language !== language) return [];
    return [
      {
        program: block.text.replaceAll('localhost:50051', sidecar.address),
        output: blocks[index + 1]?.text ?? '',
      },
    ];
  });
}

testWith(go).each(['go', 'your-sessions', 'concurrent-requests'])(
  'the program of docs/guide/%s.md in Go prints what the page says',
  async (page) => {
    const [{ program, output } = { program: '', output: '' }] = programsOf(`docs/guide/${page}.md`, 'go');
    const modules = readFileSync(join(root, 'examples/go/go.mod'), 'utf8');
    writeFileSync(join(directory, 'go.mod'), modules.replaceAll('../../', `${root}/`));
    copyFileSync(join(root, 'examples/go/go.sum'), join(directory, 'go.sum'));
    writeFileSync(join(directory, 'main.go'), program);
    const { command, env } = go as Found;
    const { stdout } = await execute(command, ['run', '.'], { cwd: directory, env });
    expect(stdout).toBe(output);
  },
);

testWith(python).each([
  ['python', 3],
  ['your-sessions', 2],
  ['concurrent-requests', 1],
])('the programs of docs/guide/%s.md in Python print what the page says', async (page, count) => {
  const { command, env } = python as Found;
  const programs = programsOf(`docs/guide/${page}.md`, 'python');
  expect(programs).toHaveLength(count);
  for (const { program, output } of programs) {
    const { stdout } = await execute(command, ['-c', program], { env });
    expect(stdout).toBe(output);
  }
});

const clients = [
  {
    page: 'docs/guide/go.md',
    source: 'client/go',
    errors: 'errors.go',
    names: /^func (?:\([sce] \*[A-Z]\w*\) )?([A-Z]\w*)/gm,
  },
  {
    page: 'docs/guide/python.md',
    source: 'client/python/session_sidecar',
    errors: 'errors.py',
    names: /^ {4}(?:async )?def ([a-z]\w*)\(self/gm,
  },
];

describe.each(clients)('$page', ({ page, source, errors, names }) => {
  const text = readFileSync(join(root, page), 'utf8');
  const read = (file: string): string => readFileSync(join(root, source, file), 'utf8');
  const files = readdirSync(join(root, source)).filter((file) =>
    /^(?!(session_data|flash_messages|idle_timeout)\.py|.*_test\.go).*\.(go|py)$/.test(file),
  );
  // The first table.
  const rows = text
    .split(/\n(?!\|)/)
    .find((part) => part.includes('\n| '))!
    .split('\n')
    .slice(1);
  const listed = [
    ...rows
      .slice(2)
      .join('\n')
      .matchAll(/`(?:\w+\.)?(\w+)`/g),
  ].map(([, name = '']) => name);

  test('lists everything that can be called', () => {
    const all = files.flatMap((file) => [...read(file).matchAll(names)].map(([, name = '']) => name));
    // What the language itself makes of a type is told in words: errors, and dictionaries.
    const inWords = ['Error', 'setdefault', 'popitem', 'clear'];
    expect(all.length).toBeGreaterThan(20);
    expect([...new Set(all)].filter((name) => !listed.includes(name) && !inWords.includes(name))).toEqual([]);
  });

  test('lists nothing that is not there', () => {
    const code = files.map(read).join('\n');
    const inherited = ['get', 'in', 'del', 'pop', 'dict'];
    const isThere = (name: string): boolean => new RegExp(`\\b${name}\\b`).test(code) || inherited.includes(name);
    expect(listed.filter((name) => !isThere(name))).toEqual([]);
  });

  test('the client has the codes and HTTP statuses of docs/reference/errors.md, and no other', () => {
    const table = readFileSync(join(root, 'docs/reference/errors.md'), 'utf8').matchAll(
      /^\| `(\w+)` \|[^|]*\| (\d+) \|/gm,
    );
    const own = read(errors).matchAll(/"([A-Z_]+)": +(\d{3})/g);
    const byCode = (matches: Iterable<RegExpExecArray>) =>
      Object.fromEntries([...matches].map(([, code = '', status]) => [code, status]));
    expect(byCode(own)).toEqual(byCode(table));
  });

  test('every link to a file leads somewhere', () => {
    const links = [...withoutCode(text).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path = '']) =>
      join(root, 'docs/guide', path),
    );
    expect(links.length).toBeGreaterThan(2);
    expect(links.filter((link) => !existsSync(link))).toEqual([]);
  });
});
