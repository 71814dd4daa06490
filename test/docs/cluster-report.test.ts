import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { brokenLinksOf, root } from './markdown';

const page = 'docs/operate/cluster-report.md';
const text = readFileSync(join(root, page), 'utf8');
const files = readdirSync(join(root, 'test/cluster')).filter((name) => name.endsWith('.cluster.ts'));

describe(page, () => {
  test('is of the tests that exist', () => {
    const sections = [...text.matchAll(/^### `test\/cluster\/(\S+)`$/gm)].map(([, file]) => file);
    expect(sections).toEqual(files.sort());
  });

  test.each(files)('says that each test of %s passed', (file) => {
    const [, section = ''] = text.split(`### \`test/cluster/${file}\``);
    const passed = section.split('\n### ')[0]!.replaceAll(/\s+/g, ' ');
    const source = readFileSync(join(root, 'test/cluster', file), 'utf8');
    const titles = [...source.matchAll(/^ *test\('(.+)',/gm)].map(([, title]) => title!);
    expect(titles.length).toBeGreaterThan(0);
    expect(titles.filter((title) => !passed.includes(title))).toEqual([]);
  });

  test('names no path and no address of the machine', () => {
    expect(text).not.toMatch(/(^|[\s`(])\/(tmp|home|root|work|usr)\b|\d+\.\d+\.\d+\.\d+/m);
    expect(brokenLinksOf(page)).toEqual([]);
  });
});
