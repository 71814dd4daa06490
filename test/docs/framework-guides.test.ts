import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { blocksOf, root, rowsOf } from './markdown';

/** One page for each adapter; runnable.test.ts runs their programs. */
const pages = ['express', 'fastify', 'koa', 'hono', 'node-http', 'fetch'].map((name) => `docs/guide/${name}.md`);

const sections = [
  ...['Install', 'Set up', 'Protect forms', 'Read and write', 'Sign in', 'Show a message once', 'Sign out'],
  ...['When something fails', 'Test'],
];
/** What an application would show: the status and the beginning of the body of each answer. */
const steps = ['add', 'forged', 'sign in', 'read', 'messages', 'without a sidecar', 'sign out', 'old cookie'];

const rules = readFileSync(join(root, 'docs/guide/web-sessions.md'), 'utf8');
const sentencesOf = (text: string): string[] =>
  text
    .replaceAll(/```.*?```/gs, '')
    .split(/\n\n|^- /m)
    .flatMap((paragraph) => paragraph.replaceAll(/\s+/g, ' ').split(/(?<=[.:]) /))
    .filter((sentence) => sentence.length > 40);

describe.each(pages)('%s', (page) => {
  const text = readFileSync(join(root, page), 'utf8');
  const programs = blocksOf(page);

  test('goes from install to sign-out, in the order of the other pages', () => {
    const found = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    expect(found.slice(0, sections.length)).toEqual(sections);
  });

  test('is set up in at most five lines', () => {
    const [setUp] = programs.filter(({ language }) => language === 'ts');
    const lines = setUp?.text.split('\n').filter((line) => line !== '') ?? [];
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThanOrEqual(5);
  });

  test('prints what happens at each step, with the outcome that the others have', () => {
    const output = programs.find(({ language }) => language === 'text')?.text ?? '';
    const lines = output.split('\n').filter((line) => !/^$|^logged/.test(line));
    expect(lines.map((line) => line.replace(/ \d{3}.*/, ''))).toEqual(steps);
    const statuses = lines.map((line) => / (\d{3})/.exec(line)?.[1]);
    expect(statuses).toEqual(['303', '403', '303', '200', '200', '503', '303', '200']);
    expect(lines[3]).toContain('{"user":"Ada","cart":["tea"]}');
    expect(lines[4]).toMatch(/200 \["Welcome, Ada"\] 200 \[\]$/);
    expect(lines[7]).toContain('{"cart":[]}');
  });

  test('repeats no rule of web-sessions.md, and links to it', () => {
    expect(text).toContain('](web-sessions.md)');
    expect(sentencesOf(text).filter((sentence) => sentencesOf(rules).includes(sentence))).toEqual([]);
  });

  test('links to its reference, and is in the table of adapters', () => {
    expect(text).toMatch(/\]\(\.\.\/reference\/typescript\/\w+\.md#sessionsoptions\)/);
    expect(rules).toContain(`](${page.replace('docs/guide/', '')})`);
  });
});

test('every adapter of the client is in the table of adapters', () => {
  const { exports } = JSON.parse(readFileSync(join(root, 'client/package.json'), 'utf8')) as {
    exports: Record<string, unknown>;
  };
  const adapters = Object.keys(exports).filter((path) => !['.', './express-session', './testing'].includes(path));
  const imported = rowsOf('docs/guide/web-sessions.md').flatMap(
    (row) => row['import `@session-sidecar/client/…`'] ?? [],
  );
  expect(imported.map((name) => `./${name.replaceAll('`', '')}`).sort()).toEqual(adapters.sort());
});
