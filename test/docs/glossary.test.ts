import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const root = join(__dirname, '../..');

/** What readers of the product see. Tests and decisions may quote old words. */
const places = [
  ...['server/src', 'client', 'proto/session', 'examples', 'k8s', 'docs/guide', 'docs/operate', 'docs/reference'],
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'compose.yaml', 'Dockerfile'],
];
const isSource = (path: string): boolean => /(\.(ts|lua|go|py|proto|md|yaml|json|html)|Dockerfile)$/.test(path);

function filesIn(path: string): string[] {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  return readdirSync(join(root, path), { withFileTypes: true })
    .filter(({ name }) => !['node_modules', 'dist', '__pycache__', 'build'].includes(name))
    .flatMap(({ name }) => filesIn(join(path, name)));
}

/** The table of retired words in ARCHITECTURE.md: what is not written any more, and what is. */
function retiredWords(): { readonly retired: string; readonly instead: string }[] {
  const [, table = ''] = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8').split('### Retired words');
  const rows = [...table.matchAll(/^\| ([^|]+) \| ([^|]+) \|$/gm)].slice(2);
  return rows.flatMap(([, words = '', instead = '']) =>
    words.split(',').map((word) => ({ retired: word.replaceAll('`', '').trim(), instead: instead.trim() })),
  );
}

describe('no retired word is used', () => {
  const sources = places
    .flatMap(filesIn)
    .filter(isSource)
    .map((path) => ({ path: relative('.', path), text: readFileSync(join(root, path), 'utf8') }));
  const glossary = /### Retired words[\s\S]*/;

  test.each(retiredWords())('$retired; write: $instead', ({ retired }) => {
    const word = new RegExp(`(?<![\\w-])${retired}(?![\\w-])`, /[A-Z]/.test(retired) ? '' : 'i');
    const found = sources.flatMap(({ path, text }) =>
      text
        .replace(path === 'ARCHITECTURE.md' ? glossary : /$^/, '')
        .split('\n')
        .flatMap((line, index) => (word.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
    );
    expect(found).toEqual([]);
  });

  test('there are some', () => {
    expect(retiredWords().length).toBeGreaterThan(10);
  });
});
