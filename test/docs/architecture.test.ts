import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { root } from './markdown';

const page = 'ARCHITECTURE.md';
const text = readFileSync(join(root, page), 'utf8');

/** Links whose text is code: a symbol, or a file's name or path. */
const linksIn = (markdown: string): { code: string; path: string }[] =>
  [...markdown.matchAll(/\[`([^`]+)`\]\(([^)]+)\)/g)].map(([, code = '', path = '']) => ({ code, path }));
const isFileName = ({ code, path }: { code: string; path: string }): boolean => path.endsWith(code);

describe.each([page, 'CONTRIBUTING.md'])('%s', (document) => {
  test.each(linksIn(readFileSync(join(root, document), 'utf8')))('$code is in $path', ({ code, path }) => {
    expect(existsSync(join(root, path))).toBe(true);
    if (isFileName({ code, path })) return;
    expect(statSync(join(root, path)).isFile()).toBe(true);
    const source = readFileSync(join(root, path), 'utf8');
    for (const name of code.split('.')) expect(source).toMatch(new RegExp(`\\b${name}\\b`));
  });
});

describe(page, () => {
  test('describes each life in short steps, most of them with a link', () => {
    const lives = text.split(/^## /m).filter((section) => section.startsWith('The life of'));
    expect(lives).toHaveLength(3);
    for (const life of lives) {
      expect(life.match(/^\d+\. /gm)?.length).toBeLessThan(10);
      expect(life.match(/\]\(/g)?.length).toBeGreaterThan(4);
    }
  });

  test('explains each word once', () => {
    const [, glossary = ''] = text.split('## Glossary');
    const words = [...glossary.matchAll(/^\| ([^|]+?) +\|/gm)].map(([, word]) => word).slice(2);
    expect(words.length).toBeGreaterThan(20);
    expect(new Set(words).size).toBe(words.length);
  });

  test('shows a picture for dark and light backgrounds', () => {
    const [, picture = ''] = /!\[[^\]]+\]\(([^)]+)\)/.exec(text) ?? [];
    expect(readFileSync(join(root, picture), 'utf8')).toContain('prefers-color-scheme: dark');
  });
});
