import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const root = join(__dirname, '..', '..');
const text = readFileSync(join(root, 'docs/contribute/dependencies.md'), 'utf8');

const kinds = ['dependencies', 'devDependencies'] as const;
type PackageFile = Readonly<Partial<Record<(typeof kinds)[number], Readonly<Record<string, string>>>>>;

const packageFiles = ['server', 'client', 'proto', 'bench', '.', 'test/docs/nextjs', 'test/docs/vitest'].map((folder) =>
  join(folder, 'package.json'),
);
const listed = new Map(
  text.split(/^## /m).flatMap((section) => {
    const [, list] = /^.*?: (\w+ of \S+)\n/.exec(section) ?? [];
    return list === undefined ? [] : [[list, rowsOf(section)] as const];
  }),
);

/** The rows of a section's table. */
function rowsOf(section: string): string[][] {
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe('docs/contribute/dependencies.md', () => {
  const expected = packageFiles.flatMap((file) => {
    const parsed = JSON.parse(readFileSync(join(root, file), 'utf8')) as PackageFile;
    return kinds.flatMap((kind) => {
      const names = Object.keys(parsed[kind] ?? {});
      return names.length === 0 ? [] : [{ list: `${kind} of ${file}`, names }];
    });
  });

  test('has a list for each package.json and kind of dependency, and no other', () => {
    expect([...listed.keys()].sort()).toEqual(expected.map(({ list }) => list).sort());
  });

  test.each(expected)('lists the $list, and nothing else', ({ list, names }) => {
    const rows = listed.get(list) ?? [];
    expect(rows.map(([name]) => name).sort()).toEqual(names.map((name) => `\`${name}\``).sort());
  });

  const rows = (heading: string) => rowsOf(text.split(`## ${heading}`)[1]?.split('\n## ')[0] ?? '');
  const code = (name: string): string => `\`${name}\``;

  test('lists what Go modules require directly, and nothing else', () => {
    const files = [
      'proto/gen/go',
      'client/go',
      'examples/go',
      'test/interop/go',
      'test/interop/go/web',
      'test/fuzz/go',
      'bench/go',
      'scripts/tools',
      'scripts/cluster/programs',
    ];
    const required = files.flatMap((folder) => {
      const file = readFileSync(join(root, folder, 'go.mod'), 'utf8');
      const modules = [...file.matchAll(/^(?:require )?\s*([\w./-]+) v\S+( \/\/ indirect)?$/gm)];
      const tools = /^tool \(\n(.*?)^\)/ms.exec(file)?.[1] ?? '';
      const isTool = (name: string): boolean => tools.includes(`\t${name}/cmd/`) || tools.includes(`\t${name}\n`);
      return modules.filter(([, name = '', indirect]) => !indirect || isTool(name)).map(([, name = '']) => name);
    });
    const foreign = required.filter((name) => !name.startsWith('github.com/session-sidecar/'));
    expect(foreign.length).toBeGreaterThan(4);
    expect(rows('Go: ').map(([name]) => name)).toEqual([...new Set(foreign)].sort().map(code));
  });

  test('lists Python packages that are pinned, among them all that ours depend on', () => {
    const pinned = readFileSync(join(root, 'scripts/tools/requirements.txt'), 'utf8').matchAll(/^([\w-]+)==/gm);
    const names = rows('Python: ').map(([name = '']) => name.replaceAll('`', ''));
    expect([...pinned].map(([, name]) => name)).toEqual(expect.arrayContaining(names));
    const own = ['proto/gen/python', 'client/python'].flatMap((folder) => {
      const lists = readFileSync(join(root, folder, 'pyproject.toml'), 'utf8').matchAll(
        /^(?:dependencies|requires) = \[(.*)\]$/gm,
      );
      return [...lists].flatMap(([, list = '']) => [...list.matchAll(/"([\w-]+?)[<>=]/g)].map(([, name]) => name));
    });
    expect(names).toEqual(expect.arrayContaining(own.filter((name) => name !== 'session-sidecar-proto')));
  });

  test.each([...listed])('says what each of the %s does here, and why this one', (_list, rows) => {
    expect(rows.filter(([, what, why]) => !what || !why)).toEqual([]);
  });
});
