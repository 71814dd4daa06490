import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const script = resolve(__dirname, '../../scripts/chaos.mjs');
const out = mkdtempSync(join(tmpdir(), 'session-sidecar-chaos-test-'));

afterAll(() => rmSync(out, { recursive: true, force: true }));

function chaos(...args: string[]): { code: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  return { code: status, output: stdout + stderr };
}

describe('the history checker', () => {
  test('--help lists every option and mode, and runs nothing', () => {
    const { code, output } = chaos('--help');
    expect(code).toBe(0);
    for (const word of ['--seconds', '--seed', '--mode', '--near-cache', '--transport', 'sentinel', 'cluster']) {
      expect(output).toContain(word);
    }
  });

  test.each([
    ['--mode', 'nonsense'],
    ['--fault', 'nonsense'],
    ['--seconds', '-1'],
    ['--near-cache', 'maybe'],
    ['--slack', 'much'],
  ])('%s %s is refused with what is allowed', (option, value) => {
    const { code, output } = chaos(`${option}=${value}`);
    expect(code).toBe(64);
    expect(output).toMatch(new RegExp(`Expected ${option} to be .*got ${value}`));
  });
});

/** Other choices each time; the seed that is printed repeats them. */
const seed = Math.floor(Math.random() * 2 ** 31);

describe(`a minute of random calls and faults, with seed ${seed}`, () => {
  let run: ReturnType<typeof chaos>;

  beforeAll(() => {
    run = chaos('--seconds', '60', '--seed', String(seed), '--slack', '2', '--out', out);
    console.log(`npm run chaos -- --seconds 60 --seed ${seed} ended with ${run.code}.`);
  }, 400_000);

  test('breaks no promise', () => {
    expect({ seed, ...run }).toMatchObject({
      seed,
      code: 0,
      output: expect.stringContaining('No promise was broken.'),
    });
  });

  test('is reported', () => {
    const report = readFileSync(join(out, 'report.md'), 'utf8');
    expect(report).toContain(`seed ${seed}`);
    expect(report).toMatch(/^\| [a-z-]+ \| (on|off) \| [1-9]/m);
  });
});
