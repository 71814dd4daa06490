import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { outputOf } from '../support/commands';
import { brokenLinksOf, root } from './markdown';

const tracked = (...patterns: string[]): string[] =>
  outputOf('git', ['ls-files', '--', ...patterns], { cwd: root })
    .trim()
    .split('\n');

describe('links', () => {
  test.each(tracked('*.md'))('%s: every link to a file or heading leads somewhere', (document) => {
    expect(brokenLinksOf(document)).toEqual([]);
  });

  test('every document can be reached from docs/README.md', () => {
    const reached = new Set<string>();
    const visit = (document: string): void => {
      if (reached.has(document) || !existsSync(join(root, document))) return;
      reached.add(document);
      const links = readFileSync(join(root, document), 'utf8').matchAll(/\]\((?!https?:)([^)#]+\.md)/g);
      for (const [, link = ''] of links) visit(join(dirname(document), link));
    };
    visit('docs/README.md');
    expect(tracked('docs/*.md').filter((document) => !reached.has(document))).toEqual([]);
  });

  test('every document that a source, script or manifest names is there', () => {
    const sources = tracked('*.ts', '*.mjs', '*.lua', '*.go', '*.py', '*.proto', '*.yaml', '*.json', 'Dockerfile');
    const named = sources
      .filter((path) => existsSync(join(root, path)))
      .flatMap((path) => [...readFileSync(join(root, path), 'utf8').matchAll(/(?<![\w/.-])docs\/[\w/-]+\.md/g)])
      .map(([document]) => document);
    expect(named.length).toBeGreaterThan(20);
    expect([...new Set(named)].filter((document) => !existsSync(join(root, document)))).toEqual([]);
  });
});
