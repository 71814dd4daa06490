import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { execute, outcomeOf } from '../support/commands';
import { binary, signingKey } from '../support/process';
import { stackForAllTests } from '../support/stack';
import { blocksOf, root } from './markdown';

/* The blocks of the page are run in order; a `text` block after one is what it prints. */

const calls = blocksOf('docs/guide/moving-in.md').flatMap(({ language, text }, index, blocks) =>
  ['sh', 'js'].includes(language)
    ? [{ language, text, output: blocks[index + 1]!.text, name: text.split('\n')[0] }]
    : [],
);

const stack = stackForAllTests();
let directory: string;
let redisUrl: string;
let address: string;

beforeAll(async () => {
  const redis = await stack.redis();
  redisUrl = redis.url;
  ({ address } = await stack.process({ redis }));
  // Below the checkout, so that programs find the packages as an application would.
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  directory = stack.directory(cache);
  symlinkSync(binary, join(directory, 'session-sidecar'));
  const old = new Redis(redisUrl, { db: 7 });
  const cookie = { originalMaxAge: null, path: '/' };
  for (const user of ['user-7', 'user-8', 'user-9']) {
    await old.set(`sess:${user}`, JSON.stringify({ cookie, passport: { user } }), 'EX', 86_400);
  }
  await old.set('sess:damaged', '{"cook');
  await old.set('sess:counter', '7');
  await old.set('koa:sess:1', JSON.stringify({ user: 'Ada', _expire: Date.now() + 3_600_000, _maxAge: 86_400_000 }));
  await old.set(
    'shop:1',
    JSON.stringify({ m: { user: { id: 7, name: 'Ada' } }, c: 1_795_545_576, v: 1, t: 1200 }),
    'EX',
    1200,
  );
  await old.quit();
});

test.each(calls)('$name', async ({ language, text, output }) => {
  const env = {
    PATH: [directory, process.env['PATH']].join(delimiter),
    REDIS_URL: redisUrl,
    SESSION_SIDECAR_SIGNING_KEYS: signingKey,
    SESSION_SIDECAR_GRPC_ADDRESS: address,
  };
  const here = text.replaceAll('localhost:50051', address).replaceAll('redis://localhost:6379', redisUrl);
  if (language === 'sh') {
    const { stdout, stderr } = outcomeOf('bash', ['--norc', '-c', here], { cwd: directory, env });
    expect(shapeOf(`${stdout}${stderr}`)).toBe(shapeOf(output));
  } else {
    const file = join(directory, 'program.mjs');
    // A busy machine must not look like a sidecar that is away.
    writeFileSync(file, here.replace('formerCookie:', 'timeoutMs: 20_000, formerCookie:'));
    const { stdout, stderr } = await execute(process.execPath, [file], { env });
    expect(`${stdout}${stderr}`).toBe(output);
  }
});

test('has all blocks', () => {
  expect(calls.map(({ language }) => language)).toEqual(['sh', 'sh', 'sh', 'sh', 'sh', 'js', 'sh']);
});

/** Without what differs from run to run: handles, times, the duration, and the width of columns. */
function shapeOf(text: string): string {
  return text
    .replaceAll(/^[\w-]{22} /gm, '<handle> ')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replaceAll(/\b\d{15}\b/g, '<version>')
    .replaceAll(/in [\d.,]+ s: [\d.,]+ per second/g, 'in <duration>')
    .replaceAll(/ +/g, ' ');
}
