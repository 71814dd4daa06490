import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { connect } from '../support/client';
import { execute } from '../support/commands';
import { until } from '../support/poll';
import type { Sidecar } from '../support/sidecar';
import { stackForAllTests } from '../support/stack';
import { sayIfMissing, toolchains } from '../support/toolchains';
import type { Found, Missing } from '../support/toolchains';
import { blocksOf, root } from './markdown';

/* The programs in TypeScript are run by runnable.test.ts. */

const page = 'docs/guide/events.md';
const stack = stackForAllTests();
const { go, python } = toolchains();
sayIfMissing(`the Go program of ${page}`, go);
sayIfMissing(`the Python programs of ${page}`, python);
const testWith = ({ missing }: Found | Missing) => (missing === undefined ? test : test.skip);

let sidecar: Sidecar;

beforeAll(async () => {
  sidecar = await stack.sidecar({ logLevel: 'info', settings: { AUDIT_LOG: 'on' } });
});

const programsIn = (language: string) =>
  blocksOf(page).flatMap((block, index, blocks) => {
    const program = block.text.replaceAll('localhost:50051', sidecar.address);
    return block.language === language ? [{ program, output: blocks[index + 1]?.text }] : [];
  });

testWith(go)('the Go program prints what the page says', async () => {
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const directory = stack.directory(cache);
  const [{ program, output } = { program: '', output: '' }] = programsIn('go');
  const modules = readFileSync(join(root, 'examples/go/go.mod'), 'utf8');
  writeFileSync(join(directory, 'go.mod'), modules.replaceAll('../../', `${root}/`));
  copyFileSync(join(root, 'examples/go/go.sum'), join(directory, 'go.sum'));
  writeFileSync(join(directory, 'main.go'), program);
  const { command, env } = go as Found;
  expect((await execute(command, ['run', '.'], { cwd: directory, env })).stdout).toBe(output);
});

testWith(python)('the Python programs print what the page says', async () => {
  const { command, env } = python as Found;
  const programs = programsIn('python');
  expect(programs).toHaveLength(2);
  for (const { program, output } of programs) {
    expect((await execute(command, ['-c', program], { env })).stdout).toBe(output);
  }
});

test('the audit log has the line that the page shows', async () => {
  const session = stack.use(connect(sidecar)).create();
  session.set('cart', ['tea']);
  session.setSubject('ada');
  await session.save();
  const lines = () =>
    sidecar
      .log()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const line = await until('the line', () => lines().find(({ handle }) => handle === session.handle));
  const shown = JSON.parse(blocksOf(page).find(({ language }) => language === 'json')!.text) as Record<string, unknown>;
  expect(Object.keys(line)).toEqual(Object.keys(shown));
  const without = ({ time: _, recorded: __, handle: ___, ...rest }: Record<string, unknown>) => rest;
  expect(without(line)).toEqual(without(shown));
});
