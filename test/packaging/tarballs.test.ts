import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { outcomeOf, outputOf } from '../support/commands';
import { manifestOf, pack, published, root } from './packages';
import type { Tarballs } from './packages';

let directory: string;
let tarballs: Tarballs;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'session-sidecar-tarballs-'));
  ({ tarballs } = pack(directory));
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

function filesIn(tarball: string): string[] {
  const list = outputOf('tar', ['-tzf', tarball]);
  return list
    .trim()
    .split('\n')
    .map((path) => path.replace('package/', ''));
}

/** Runs a command that npm has installed, and gives what it printed if it failed. */
function complaintsOf(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = outcomeOf(join(root, 'node_modules', '.bin', command), args);
  return status === 0 ? '' : stdout + stderr;
}

describe.each(published)('the tarball of %s/', (folder) => {
  test('passes publint', () => {
    expect(complaintsOf('publint', 'run', tarballs[folder], '--strict')).toBe('');
  });

  test('has the licence, a README and everything that its package.json names', () => {
    const files = filesIn(tarballs[folder]);
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json']));
    const entries = Object.values(manifestOf(folder).exports ?? {}).flatMap((entry) => [entry.types, entry.default]);
    const patterns = entries.map((path) => new RegExp(`^${path.replace('./', '').replace('*', '.+')}$`));
    expect(patterns.filter((pattern) => !files.some((file) => pattern.test(file)))).toEqual([]);
  });

  test('has neither sources nor tests', () => {
    const files = filesIn(tarballs[folder]);
    expect(files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))).toEqual([]);
    expect(files.filter((file) => /\btests?\b/.test(file))).toEqual([]);
  });
});

describe('the types of every entry point are found by each kind of import', () => {
  test('of client/', () => {
    expect(complaintsOf('attw', tarballs.client)).toBe('');
  });

  test('of proto/', () => {
    // attw does not look behind the patterns in `exports`.
    const entryPoints = filesIn(tarballs.proto).flatMap((file) => /^dist\/(.+)\.js$/.exec(file)?.[1] ?? []);
    expect(entryPoints.length).toBeGreaterThan(5);
    expect(complaintsOf('attw', tarballs.proto, '--entrypoints', ...entryPoints)).toBe('');
  });
});
