import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { copyCheckout } from '../support/checkout';
import { outcomeOf, outputOf } from '../support/commands';
import { manifestOf, published } from './packages';

/* `npm run release` on a copy of this checkout. It has no remote, and a push would fail. */
const before = manifestOf('.').version;
const after = '1234.5.6';
let copy: string;

const run = (command: string, ...args: string[]) => outputOf(command, args, { cwd: copy });
const read = (path: string) => readFileSync(join(copy, path), 'utf8');

beforeAll(() => {
  copy = copyCheckout();
  run('git', 'init', '--quiet', '--initial-branch', 'main');
  run('git', 'config', 'user.name', 'test');
  run('git', 'config', 'user.email', 'test@example.com');
  run('git', 'add', '--all');
  run('git', 'commit', '--quiet', '--message', 'Everything');
  run('npm', 'run', '--silent', 'release', '--', after, '--ci');
});

afterAll(() => {
  rmSync(copy, { recursive: true, force: true });
});

test('makes one commit, and a tag for the project and for each Go module', () => {
  expect(run('git', 'log', '--format=%s')).toBe(`Release ${after}\nEverything\n`);
  expect(run('git', 'tag').trim().split('\n').sort()).toEqual([
    `client/go/v${after}`,
    `proto/gen/go/v${after}`,
    `v${after}`,
  ]);
  expect(run('git', 'status', '--porcelain')).toBe('');
});

test('gives everything the new version', () => {
  const places = [
    '*package.json',
    '*pyproject.toml',
    '*go.mod',
    '*Dockerfile',
    'k8s/',
    'docs/*kubernetes.md',
    ':!k8s/tests/',
    // It names versions of others.
    ':!scripts/cluster/',
  ];
  const naming = (version: string) => {
    const files = outcomeOf('git', ['grep', '-lF', version, '--', ...places], { cwd: copy }).stdout;
    return files.split('\n').filter((file) => file !== '');
  };
  expect(naming(before)).toEqual([]);
  expect(naming(after)).toEqual(expect.arrayContaining(published.map((folder) => `${folder}/package.json`)));
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, { version: string }> };
  expect(['', ...published].map((folder) => packages[folder]?.version)).toEqual(Array(4).fill(after));
});

test('dates the changes and starts the list of the next', () => {
  const [, unreleased, released] = read('CHANGELOG.md').split(/^## /m);
  expect(unreleased?.trim()).toBe('[Unreleased]');
  expect(released).toMatch(new RegExp(`^\\[${after}\\] - \\d{4}-\\d\\d-\\d\\d\n`));
});

test('keeps the API, with which later ones must be compatible', () => {
  expect(run('npm', 'run', '--silent', 'breaking')).toContain(`session.v1 is compatible with that of ${after}.`);
});
