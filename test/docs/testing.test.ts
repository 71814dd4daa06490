import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { execute } from '../support/commands';
import { stackForAllTests } from '../support/stack';
import { sayIfMissing, toolchains } from '../support/toolchains';
import type { Found, Missing } from '../support/toolchains';
import { blocksOf, root } from './markdown';

/* Each program of docs/guide/testing.md is run by its own test runner, in a folder with the packages of this checkout. */

const page = 'docs/guide/testing.md';
const stack = stackForAllTests();
const { go, python } = toolchains();
sayIfMissing(`the Go test of ${page}`, go);
sayIfMissing(`the Python tests of ${page}`, python);
const testWith = ({ missing }: Found | Missing) => (missing === undefined ? test : test.skip);

let directory: string;

beforeAll(() => {
  directory = stack.directory();
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
});

function blockOf(language: string, index = 0): string {
  return blocksOf(page).filter((block) => block.language === language)[index]?.text ?? '';
}

function write(file: string, text: string): void {
  writeFileSync(join(directory, file), text);
}

async function run(command: string, args: readonly string[], env?: NodeJS.ProcessEnv) {
  return execute(command, args, { cwd: directory, ...(env && { env }) });
}

const bin = (path: string): string => join(root, 'node_modules', path);

test('the test for node:test compiles in strict mode and passes', async () => {
  write('shop.test.mts', blockOf('ts'));
  const options = ['--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2022', '--types', 'node'];
  await run(process.execPath, [bin('typescript/bin/tsc'), ...options, 'shop.test.mts']);
  const { stdout } = await run(process.execPath, ['--test', '--test-reporter=tap', 'shop.test.mjs']);
  expect(stdout).toContain('ok 1 - a visitor is signed out after an hour');
  expect(stdout).toContain('\n# pass 1\n');
});

test('the test for node:test passes in Vitest, too, with the import that replaces its own', async () => {
  // It is large, and nothing else needs it.
  const installing = await execute(process.execPath, [join(root, 'scripts/lib/packages.mjs'), 'test/docs/vitest']);
  const vitest = join(installing.stdout.trim(), 'node_modules/vitest');
  const cwd = stack.directory();
  mkdirSync(join(cwd, 'node_modules'));
  symlinkSync(join(root, 'node_modules/@session-sidecar'), join(cwd, 'node_modules/@session-sidecar'));
  symlinkSync(vitest, join(cwd, 'node_modules/vitest'));
  const [own] = /^import .* from 'node:test';\n/m.exec(blockOf('ts')) ?? [];
  writeFileSync(join(cwd, 'shop.test.ts'), blockOf('ts').replace(own!, blockOf('ts', 1)));
  // Vitest would compile the packages of this checkout, because they are links.
  writeFileSync(join(cwd, 'vitest.config.mjs'), 'export default { resolve: { preserveSymlinks: true } };');
  const { stdout } = await execute(process.execPath, [join(vitest, 'vitest.mjs'), 'run', '--reporter=json'], { cwd });
  expect(JSON.parse(stdout)).toMatchObject({ numTotalTests: 1, numPassedTests: 1 });
});

test('the test for Jest passes, also with another date', async () => {
  write('visits.test.js', blockOf('js'));
  const otherDate = "test('the date is another', () => expect(new Date().getFullYear()).toBe(2030));";
  write('visits-in-2030.test.js', [blockOf('js', 1), blockOf('js'), otherDate].join('\n'));
  const args = [
    '--rootDir',
    directory,
    '--config',
    '{"transform":{}}',
    '--json',
    '--cacheDirectory',
    join(directory, 'cache'),
  ];
  const { stdout } = await run(process.execPath, [bin('jest/bin/jest.js'), ...args, 'visits']);
  expect(JSON.parse(stdout)).toMatchObject({ numTotalTests: 3, numPassedTests: 3 });
});

testWith(python)('the tests for pytest and unittest pass', async () => {
  const { command, env } = python as Found;
  write('conftest.py', blockOf('python', 0));
  write('test_pytest.py', blockOf('python', 1));
  write('test_unittest.py', blockOf('python', 2));
  const pytest = ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', 'test_pytest.py'];
  expect((await run(command, pytest, env)).stdout).toMatch(/^1 passed in /m);
  const { stderr } = await run(command, ['-m', 'unittest', 'test_unittest'], env);
  expect(stderr).toMatch(/^Ran 1 test in .*\n\nOK$/m);
});

testWith(python)('the test for pytest passes with pytest-xdist, with a sidecar in each process', async () => {
  const { command, env } = python as Found;
  const cwd = stack.directory();
  symlinkSync(join(root, 'node_modules'), join(cwd, 'node_modules'));
  writeFileSync(join(cwd, 'conftest.py'), blockOf('python', 0));
  writeFileSync(join(cwd, 'test_pytest.py'), blockOf('python', 1));
  const note = 'def test_note(sidecar, worker_id):\n    open(f"{worker_id}.txt", "w").write(sidecar.address)\n';
  writeFileSync(join(cwd, 'test_note.py'), note);
  const [, options = ''] = /`pytest (-n 2)`/.exec(readFileSync(join(root, page), 'utf8')) ?? [];
  // Each test in each process.
  const args = ['-m', 'pytest', '-p', 'no:cacheprovider', ...options.split(' '), '--dist', 'each'];
  expect((await execute(command, args, { cwd, env })).stdout).toMatch(/= 4 passed in /);
  const addresses = ['gw0', 'gw1'].map((worker) => readFileSync(join(cwd, `${worker}.txt`), 'utf8'));
  expect(new Set(addresses).size).toBe(2);
});

testWith(go)('the test for Go passes', async () => {
  const { command, env } = go as Found;
  const modules = readFileSync(join(root, 'examples/go/go.mod'), 'utf8');
  write('go.mod', modules.replaceAll('../../', `${root}/`));
  copyFileSync(join(root, 'examples/go/go.sum'), join(directory, 'go.sum'));
  write('shop_test.go', blockOf('go'));
  const { stdout } = await run(command, ['test', '-v', 'shop_test.go'], env);
  expect(stdout).toContain('--- PASS: TestVisitorIsSignedOutAfterAnHour');
});

describe('the helpers in other languages', () => {
  const source = (path: string): string => readFileSync(join(root, path), 'utf8');

  test('are what the table lists', () => {
    const table = source(page).split('## What a test can do')[1]?.split('\n\n')[1] ?? '';
    const cells = table.split('\n').map((row) => row.split('|').map((cell) => /`(\w+)/.exec(cell)?.[1]));
    const namesOf = (pattern: RegExp, ...paths: string[]) =>
      paths.flatMap((path) => [...source(path).matchAll(pattern)].map(([, name]) => name));
    const typescript = namesOf(/^ {2}(?:readonly )?(\w+)[?(:]/gm, 'client/src/testing/sidecar.ts');
    const pythonNames = namesOf(/^ {4}def ([a-z]\w*)/gm, 'client/python/session_sidecar/testing/sidecar.py');
    const goNames = namesOf(/^func (?:\(\w+ \*Sidecar\) )?([A-Z]\w*)/gm, 'client/go/sidecartest/sidecartest.go');
    const column = (index: number) => cells.map((row) => row[index]);
    expect(column(2)).toEqual(
      expect.arrayContaining(typescript.filter((name) => !['settings', 'command'].includes(name!))),
    );
    expect(column(3)).toEqual(expect.arrayContaining(pythonNames));
    expect(column(4)).toEqual(expect.arrayContaining(goNames.filter((name) => !['Shared', 'String'].includes(name!))));
    expect(typescript.length * pythonNames.length * goNames.length).toBeGreaterThan(4 ** 3);
  });
});
