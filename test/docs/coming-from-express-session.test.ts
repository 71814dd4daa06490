import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { execute } from '../support/commands';
import { stackForAllTests } from '../support/stack';
import { blocksOf, root } from './markdown';

/** In JavaScript, because express-session has no types of its own. */
const programs = blocksOf('docs/guide/coming-from-express-session.md').flatMap(({ language, text }, index, blocks) =>
  language === 'js' ? [{ text, output: blocks[index + 1]?.text }] : [],
);

const stack = stackForAllTests();
let address: string;
let redisUrl: string;
let directory: string;

beforeAll(async () => {
  const redis = await stack.redis();
  redisUrl = redis.url;
  ({ address } = await stack.sidecar({ redis }));
  // Below the checkout, so that programs find the packages as an application would.
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  directory = stack.directory(cache);
});

test('has four programs', () => {
  expect(programs).toHaveLength(4);
});

test.each(programs)('a program prints what the guide says', async ({ text, output }) => {
  const file = join(directory, 'program.mjs');
  writeFileSync(file, text.replaceAll('localhost:50051', address).replaceAll('redis://localhost:6379', redisUrl));
  const { stdout, stderr } = await execute(process.execPath, [file]);
  expect({ stdout, stderr }).toEqual({ stdout: output, stderr: '' });
});
