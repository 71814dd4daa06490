import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fuzz } from './engine/fuzzer';
import type { Find, Target } from './engine/target';

const root = join(__dirname, '..', '..');
const execute = promisify(execFile);

describe('fuzz()', () => {
  test('follows coverage to an input that chance would not find, and minimises it', async () => {
    const finds = await findsOf({ guidedBy: ['here/'], mostInputs: 200_000 }, (input) => {
      const wanted = Buffer.from('BUG!');
      let matching = 0;
      while (matching < wanted.length && input[matching] === wanted[matching]) matching += 1;
      counters[matching]! += 1;
      if (matching === wanted.length) throw new Error('found');
    });
    expect(finds.map(({ input }) => input?.toString())).toEqual(['BUG!']);
  });

  test('reports each kind of problem once', async () => {
    const finds = await findsOf({}, (input) => {
      if (input.length > 8) throw new Error(`too long: ${input.length} bytes`);
      if (input.includes('A')) throw new Error('has an A');
    });
    expect(finds.map(({ problem }) => problem.split('\n')[0]?.replace(/\d+/, 'n')).sort()).toEqual([
      'Error: has an A',
      'Error: too long: n bytes',
    ]);
  });

  test('reports work that grows faster than the input', async () => {
    const finds = await findsOf({ guidedBy: ['here/'], maxSteps: (bytes) => 10 + 2 * bytes }, (input) => {
      counters[5]! += input.length ** 2;
    });
    expect(finds.map(({ problem }) => problem)).toEqual([expect.stringMatching(/^Took \d+ steps for \d+ bytes/)]);
  });

  test('replays the corpus, and names the file of an input that fails', async () => {
    const corpus = ['good', 'bad'].map((text) => ({ file: `${text}.bin`, input: Buffer.from(text) }));
    const finds = await findsOf({ corpus, seconds: 0 }, (input) => {
      if (input.toString() === 'bad') throw new Error('is bad');
    });
    expect(finds.map(({ file }) => file)).toEqual(['bad.bin']);
  });

  /** What instrumented code would count in. */
  let counters: number[] = [];

  async function findsOf(
    {
      corpus = [],
      seconds = 20,
      mostInputs = 20_000,
      ...rest
    }: Partial<Target> & { corpus?: { file: string; input: Buffer }[]; seconds?: number; mostInputs?: number },
    run: (input: Buffer) => void,
  ): Promise<Find[]> {
    const file = { s: [0, 0, 0, 0, 0, 0], f: [], b: {} };
    (globalThis as { __coverage__?: object }).__coverage__ = { 'here/file.ts': file };
    const finds: Find[] = [];
    const target = {
      name: 'test',
      property: '',
      seeds: [Buffer.from('seed')],
      open: () => Promise.reject(new Error()),
      ...rest,
    };
    const opened = {
      run(input: Buffer) {
        // Known after the engine has put its own counters in place.
        counters = file.s;
        run(input);
      },
    };
    const context = { seconds, seed: 1, mostInputs, corpus };
    await fuzz(target, opened, { ...context, onInput: () => {}, onFind: (find) => finds.push(find) });
    return finds;
  }
});

describe('npm run fuzz', () => {
  const ways = {
    'drill-throws': /the drill has failed/,
    'drill-throws-later': /Not caught anywhere: Error: the drill has failed later/,
    'drill-hangs': /Hangs: not done/,
    'drill-takes-memory': /Not caught anywhere: .*memory/,
  };
  let corpus = '';
  let outcome: { code: number; output: string };

  beforeAll(async () => {
    corpus = mkdtempSync(join(tmpdir(), 'session-sidecar-fuzz-'));
    const args = Object.keys(ways).flatMap((name) => ['--target', name]);
    outcome = await runFuzz([...args, '--seconds', '4', '--seed', '1', '--corpus', corpus]);
  });

  afterAll(() => rmSync(corpus, { recursive: true, force: true }));

  test('exits with 1 when it found something', () => {
    expect(outcome.code).toBe(1);
  });

  test.each(Object.entries(ways))('finds an input for which %s, and adds it to the corpus', (target, message) => {
    expect(outcome.output).toMatch(new RegExp(`${target}: FOUND .*${message.source}`));
    const inputs = readdirSync(join(corpus, target)).filter((name) => name.endsWith('.bin'));
    expect(inputs.map((name) => readFileSync(join(corpus, target, name), 'utf8'))).toEqual(
      expect.arrayContaining([expect.stringContaining('!')]),
    );
  });

  test('prints its seed', () => {
    expect(outcome.output).toMatch(/^seed 1$/m);
  });

  test('lists its targets with --help', async () => {
    const { code, output } = await runFuzz(['--help']);
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('pipeline-frames') });
  });
});

async function runFuzz(args: readonly string[]): Promise<{ code: number; output: string }> {
  try {
    const { stdout, stderr } = await execute(process.execPath, [join(root, 'scripts/fuzz.mjs'), ...args], {
      cwd: root,
    });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}
