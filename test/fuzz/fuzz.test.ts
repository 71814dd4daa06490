import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { targets } from './targets';

const root = join(__dirname, '..', '..');

/** For all targets together. */
const seconds = 60;

describe(`the corpus of finds, and ${seconds} seconds of new inputs`, () => {
  let output = '';

  beforeAll(() => {
    const args = ['--seconds', String(seconds), '--seed', String(randomInt(2 ** 31))];
    const { stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts', 'fuzz.mjs'), ...args], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    output = stdout + stderr;
    if (!/^seed \d+$/m.test(output)) throw new Error(output);
  }, 600_000);

  test.each(targets.map(({ name, property }) => [name, property]))('%s: %s', (name) => {
    const seed = /^seed \d+$/m.exec(output)?.[0] ?? '';
    const about = output.split('\n').filter((line) => line.startsWith(`${name}: `));
    expect({ seed, found: about.filter((line) => line.includes('FOUND')) }).toEqual({ seed, found: [] });
    expect(about).toContainEqual(expect.stringMatching(/: ([1-9]\d* inputs|SKIPPED)/));
  });
});
