import { beforeAll, describe, expect, test } from '@jest/globals';
import { outcomeOf } from '../support/commands';
import type { ServingProcess } from '../support/process';
import { installGoCommand, sayIfMissing, toolchains } from '../support/toolchains';
import { blocksOf, root, shapeOf } from './markdown';
import { stackForAllTests } from '../support/stack';

const stack = stackForAllTests();

/** Every `sh` block of the page is run, in order; the block that follows is what it must print. */
const page = 'docs/guide/shell.md';
const blocks = blocksOf(page);
const calls = blocks.flatMap(({ language, text }, index) =>
  language === 'sh' ? [{ text, first: text.split('\n')[0], output: blocks[index + 1]! }] : [],
);
const { go } = toolchains();
sayIfMissing(`the commands with grpcurl of ${page}`, go);

let sidecar: ServingProcess;
/** What was printed here in place of the tokens that the page shows. */
const tokens = new Map<string, string>();

beforeAll(async () => {
  if (go.missing === undefined) installGoCommand(go, 'github.com/fullstorydev/grpcurl/cmd/grpcurl');
  sidecar = await stack.process();
});

describe(page, () => {
  test('uses both tools, and shows what each call prints', () => {
    expect(calls.filter(({ text }) => text.startsWith('npx buf curl')).length).toBeGreaterThan(5);
    expect(calls.filter(({ text }) => text.startsWith('grpcurl')).length).toBeGreaterThan(2);
    expect(blocks).toHaveLength(2 * calls.length);
  });

  for (const { text, first, output } of calls) {
    const run = text.startsWith('grpcurl') && go.missing !== undefined ? test.skip : test;
    run(`${first} …`, () => {
      let command = text.replaceAll('localhost:50051', sidecar.address);
      for (const [shown, real] of tokens) command = command.replaceAll(shown, real);
      const env = go.missing === undefined ? go.env : process.env;
      const { stdout, stderr } = outcomeOf('bash', ['-c', command], { cwd: root, env });
      const printed = `${stdout}${stderr}`;
      secretsIn(output.text).forEach((shown, index) => tokens.set(shown, secretsIn(printed)[index] ?? ''));
      expect(normalized(printed, output.language)).toEqual(normalized(output.text, output.language));
    });
  }
});

/** Tokens of sessions and of forms, in order. */
function secretsIn(output: string): string[] {
  return [...output.matchAll(/"(?:token|csrfToken)": "([^"]+)"/g)].map(([, secret = '']) => secret);
}

function normalized(output: string, language: string): unknown {
  const shape = shapeOf(output);
  return language === 'json' ? JSON.parse(shape) : shape.replaceAll('\t', '  ');
}
