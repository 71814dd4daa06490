import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { root } from './markdown';

/* docs/reference/typescript is printed from the client's comments. That it is current is up to `npm run generate:check`. */

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const reference = (name: string): string => read(`docs/reference/typescript/${name}.md`);

const sectionOf = (page: string, heading: string): string =>
  page.split(/^(?=### )/m).find((section) => section.startsWith(`### ${heading}\n`)) ?? '';

describe.each(['express', 'fastify', 'koa', 'hono', 'fetch', 'node'])('%s', (adapter) => {
  const page = reference(adapter);

  test('says what applications declare, and nothing that tests and examples have declared', () => {
    const section = sectionOf(page, 'SessionData');
    expect(section).toContain(`declare module '@session-sidecar/client/${adapter}'`);
    expect(section).not.toContain('####');
  });

  test('leads to every option', () => {
    expect(sectionOf(page, 'SessionsOptions')).toMatch(/\[WebSessionOptions\]\((express\.md)?#websessionoptions\)/);
  });

  test('repeats no member of a type that the reference has', () => {
    expect(page).not.toContain('Inherited from\n\n[');
  });
});

test('the options that adapters share are all there', () => {
  const [, body = ''] =
    /interface WebSessionOptions<.*?> \{\n(.*?)^\}/ms.exec(read('client/src/web/session-options.ts')) ?? [];
  const options = [...body.matchAll(/^ {2}readonly (\w+)/gm)].map(([, name]) => name);
  const listed = [...sectionOf(reference('express'), 'WebSessionOptions').matchAll(/`(\w+)\?`/g)].map(
    ([, name]) => name,
  );
  expect(options.length).toBeGreaterThan(5);
  expect(listed.sort()).toEqual(options.sort());
});
