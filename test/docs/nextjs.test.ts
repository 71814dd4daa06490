import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { Browser } from '../support/browser';
import { execute, outcomeOf } from '../support/commands';
import { until } from '../support/poll';
import { stackForAllTests } from '../support/stack';
import { blocksOf, root } from './markdown';

/* The application of docs/guide/nextjs.md, served by Next.js itself. */

const stack = stackForAllTests();
const files = new Map(
  blocksOf('docs/guide/nextjs.md').map(({ text }) => [/^\/\/ (\S+)\n/.exec(text)?.[1] ?? '', text] as const),
);
let browser: Browser;
let directory: string;

beforeAll(async () => {
  const { address } = await stack.sidecar({ settings: { MAX_SESSION_SIZE: '1KiB' } });
  // Below the checkout, so that it finds the packages, but not below node_modules, where Next.js compiles nothing.
  const parent = join(root, 'coverage');
  mkdirSync(parent, { recursive: true });
  directory = stack.directory(parent);
  for (const [name, text] of files) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  // Next.js writes one only after it has started. Until then, it would take the paths to the sources in that of this repository.
  writeFileSync(join(directory, 'tsconfig.json'), '{}');
  // Next.js is 300 MB, and nothing else needs it.
  const installing = await execute(process.execPath, [join(root, 'scripts/lib/packages.mjs'), 'test/docs/nextjs']);
  const packages = join(installing.stdout.trim(), 'node_modules');
  symlinkSync(packages, join(directory, 'node_modules'));
  const next = join(packages, 'next/dist/bin/next');
  const { JEST_WORKER_ID: _, NODE_ENV: __, ...env } = process.env;
  const server = stack.command(process.execPath, [next, 'dev', '-p', '0', '-H', '127.0.0.1'], {
    cwd: directory,
    env: { ...env, SIDECAR_ADDRESS: address, NEXT_TELEMETRY_DISABLED: '1' },
  });
  const urlOf = (): string | undefined => /Local:\s+(http:\S+)/.exec(server.output().stdout)?.[1];
  const gone = server.exit.then(() => Promise.reject(new Error(JSON.stringify(server.output()))));
  browser = new Browser(await Promise.race([until('Next.js to serve', urlOf), gone]));
  gone.catch(() => {});
});

const htmlOf = async (path: string): Promise<string> => (await browser.fetch(path)).text();

/** Submits the form of the page as a browser without JavaScript does. */
async function rename(name: string): Promise<Response> {
  const form = new FormData();
  for (const [, field = '', value = ''] of (await htmlOf('/')).matchAll(
    /<input type="hidden" name="([^"]*)"(?: value="([^"]*)")?/g,
  )) {
    form.append(field, value.replaceAll('&quot;', '"'));
  }
  form.append('name', name);
  return browser.fetch('/', { method: 'POST', body: form, redirect: 'manual' });
}

test('Its files compile in strict mode', () => {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const language = [
    '--strict',
    '--target',
    'es2023',
    '--lib',
    'es2023,dom',
    '--jsx',
    'preserve',
    '--types',
    'node,react',
  ];
  const modules = [
    '--module',
    'esnext',
    '--moduleResolution',
    'bundler',
    '--skipLibCheck',
    '--noEmit',
    '--ignoreConfig',
  ];
  const sources = [...files.keys()].filter((name) => /\.tsx?$/.test(name));
  expect(outcomeOf(process.execPath, [tsc, ...language, ...modules, ...sources], { cwd: directory })).toEqual({
    status: 0,
    stdout: '',
    stderr: '',
  });
});

test('A visitor of all parts of the application has one session', async () => {
  expect(await htmlOf('/')).toContain('Hello stranger');
  expect(await browser.cookie()).toBeUndefined();

  const turnedAway = await browser.fetch('/account', { redirect: 'manual' });
  expect([turnedAway.status, turnedAway.headers.get('Location')]).toEqual([307, '/']);

  const visits = [await browser.post('/visits'), await browser.post('/visits')];
  expect(await Promise.all(visits.map((each) => each.json()))).toEqual([
    { path: '/visits', visits: 1 },
    { path: '/visits', visits: 2 },
  ]);
  expect(visits.map(({ headers }) => headers.getSetCookie().length)).toEqual([1, 0]);
  const token = await browser.cookie();

  const renamed = await rename('Ada');
  expect([renamed.status, renamed.headers.get('Location')]).toEqual([303, '/']);
  expect(await browser.cookie()).toBe(token);
  expect(await htmlOf('/')).toContain('Hello Ada');
  expect(await htmlOf('/account')).toContain('Your account');
  expect(await (await browser.post('/visits')).json()).toEqual({ path: '/visits', visits: 3 });
});

test('A new visitor gets the cookie from a server action, unless the session cannot be saved', async () => {
  await browser.setCookie('');
  const refused = await rename('too large '.repeat(1000));
  expect([refused.status, refused.headers.getSetCookie()]).toEqual([500, []]);
  const renamed = await rename('Grace');
  expect(renamed.headers.getSetCookie()).toEqual([
    expect.stringMatching(/^session_sidecar=[^;]+; Path=\/; HttpOnly; SameSite=lax$/i),
  ]);
  expect(renamed.headers.get('Cache-Control')).toContain('no-store');
  expect(await htmlOf('/')).toContain('Hello Grace');
});
