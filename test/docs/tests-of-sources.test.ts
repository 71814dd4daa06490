import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { root, rowsOf } from './markdown';

const page = 'test/README.md';

const filesIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(root.length + 1));

/** Interfaces, tables and lists of exports have nothing to test. */
const hasCode = (file: string): boolean =>
  /^(?:export )?(?:abstract )?(?:async )?(?:function|class)\b/m.test(readFileSync(join(root, file), 'utf8'));

/** Where the unit test of a source is, without `.test.ts`. */
const unitTestOf = (source: string): string =>
  source
    .replace(/^server\/src\//, 'test/unit/')
    .replace(/^client\/src\//, 'test/unit/client/')
    .slice(0, -'.ts'.length);

const sources = ['server/src', 'client/src'].flatMap(filesIn).filter((file) => /(?<!\.d)\.ts$/.test(file));
const unitTests = filesIn('test/unit').filter((file) => file.endsWith('.test.ts'));
const hasUnitTest = (source: string): boolean =>
  unitTests.some((file) => file === `${unitTestOf(source)}.test.ts` || file.startsWith(`${unitTestOf(source)}/`));

/** The rows of the table, by what they are about. */
const rows = new Map(
  rowsOf(page).map(({ source = '', tests = '' }) => [
    /\(\.\.\/(.+)\)/.exec(source)?.[1] ?? '',
    [...tests.matchAll(/\(([^)]+)\)/g)].map(([, path = '']) => join('test', path)),
  ]),
);

/** The row of a source: its own, or that of the innermost folder around it. */
function rowOf(source: string): string | undefined {
  const around = [...rows.keys()].filter((path) => source === path || source.startsWith(`${path}/`));
  return around.sort((one, other) => other.length - one.length)[0];
}

const withoutUnitTest = sources.filter((source) => hasCode(source) && !hasUnitTest(source));

test.each(withoutUnitTest)('the tests of %s are found by its name or in the table', (source) => {
  expect(rowOf(source)).toBeDefined();
});

test.each(unitTests)('%s has the path and name of its source', (file) => {
  const found = [
    ...sources,
    ...filesIn('test/support').map((path) => path.replace('test/support', 'test/unit/support')),
  ];
  const names = found.map((source) =>
    source.startsWith('test/') ? source.slice(0, -extname(source).length) : unitTestOf(source),
  );
  expect(names.some((name) => file === `${name}.test.ts` || file.startsWith(`${name}/`))).toBe(true);
});

describe.each([...rows])('the row of %s', (path, tests) => {
  test('is needed', () => {
    expect(withoutUnitTest.some((source) => rowOf(source) === path)).toBe(true);
  });

  test('names tests', () => {
    expect(tests.length).toBeGreaterThan(0);
    for (const one of tests) expect({ one, isThere: existsSync(join(root, one)) }).toEqual({ one, isThere: true });
    expect(tests.filter((one) => statSync(join(root, one)).isFile() && !one.endsWith('.test.ts'))).toEqual([]);
  });
});
