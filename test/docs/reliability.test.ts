import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const root = join(__dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** A link to a test file, and the name of a test in it where the document gives one. */
const proofs = /\[[^\]]+\]\((\.\.\/\.\.\/test\/[^)]+)\)(?: "([^"]+)")?/g;

describe.each(['docs/operate/reliability.md', 'docs/operate/security.md'])('%s', (page) => {
  const text = read(page);
  const rows = text.split('\n').filter((line) => line.startsWith('| ') && !/^\| (-|fault|asset|attacker)/.test(line));

  test.each([...text.matchAll(proofs)].map(([, path = '', name]) => ({ path: join(dirname(page), path), name })))(
    'names a test that exists: $path $name',
    ({ path, name }) => {
      expect(existsSync(join(root, path))).toBe(true);
      if (name !== undefined) expect(read(path)).toContain(name);
    },
  );

  test('every row of a table of faults or attackers names its proof', () => {
    const withoutProof = rows.filter((row) => row.split(' | ').length >= 4 && !row.includes('](../../test/'));
    expect(withoutProof).toEqual([]);
  });

  test('names only metrics that exist', () => {
    const metrics = read('docs/reference/metrics.md');
    for (const [name] of text.matchAll(/session_sidecar_[a-z_]+/g)) expect(metrics).toContain(name);
  });

  test('quotes only log lines that the sidecar writes', () => {
    const sources = sourcesIn('server/src').map(read).join('\n');
    for (const [, line = ''] of text.matchAll(/log `([^`]+)`/g)) expect(sources).toContain(line);
  });

  test('names only settings that exist', () => {
    const settings = read('docs/reference/configuration.md');
    for (const [name] of text.matchAll(/SESSION_SIDECAR_[A-Z_]+/g)) expect(settings).toContain(name);
  });
});

function sourcesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}
