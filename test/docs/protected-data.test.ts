import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { settingRows } from '../../server/src/config';
import { execute, outcomeOf } from '../support/commands';
import { binary, signingKey } from '../support/process';
import { connectRaw, mutation } from '../support/raw-grpc';
import type { RedisServer } from '../support/redis';
import type { Sidecar } from '../support/sidecar';
import { stackForAllTests } from '../support/stack';
import { sayIfMissing, toolchains } from '../support/toolchains';
import type { Found, Missing } from '../support/toolchains';
import { blocksOf, brokenLinksOf, root } from './markdown';

const page = 'docs/operate/protected-data.md';
const stack = stackForAllTests();
const { go, python } = toolchains();
sayIfMissing(`the Go program of ${page}`, go);
sayIfMissing(`the Python program of ${page}`, python);
const testWith = ({ missing }: Found | Missing) => (missing === undefined ? test : test.skip);
const blocks = blocksOf(page);

let redis: RedisServer;
let sidecar: Sidecar;
let directory: string;

beforeAll(async () => {
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  // Below the checkout, so that the program finds the package as an application would.
  directory = stack.directory(cache);
  symlinkSync(binary, join(directory, 'session-sidecar'));
  const schema = blocks.find(({ language, text }) => language === 'json' && text.startsWith('{'))!.text;
  writeFileSync(join(directory, 'schema.json'), schema);
  redis = await stack.redis();
});

test('has no link that leads to nothing, and names only settings that exist', () => {
  expect(brokenLinksOf(page)).toEqual([]);
  const settings = settingRows().flatMap(({ variable }) => [variable, `${variable}_FILE`]);
  const named = readFileSync(join(root, page), 'utf8').match(/SESSION_SIDECAR_[A-Z_]*[A-Z]/g) ?? [];
  expect(named.filter((name) => !settings.includes(name))).toEqual([]);
});

test('the commands make keys, and print what the page says, of sessions that a sidecar with these keys has encrypted', async () => {
  const commands = blocks.flatMap(({ language, text }, at) => {
    const next = blocks[at + 1];
    return language === 'sh' ? [{ text, output: next?.language === 'sh' ? '' : (next?.text ?? '') }] : [];
  });
  expect(commands).toHaveLength(4);
  let exported = '';
  for (const { text, output } of commands) {
    const { stdout, stderr } = outcomeOf('bash', ['--norc', '-c', exported + text], {
      cwd: directory,
      env: {
        PATH: [directory, process.env['PATH']].join(delimiter),
        REDIS_URL: redis.url,
        SESSION_SIDECAR_SIGNING_KEYS: signingKey,
        // A busy machine must not look like a slow Redis.
        SESSION_SIDECAR_REDIS_COMMAND_TIMEOUT: '20s',
      },
    });
    if (text.startsWith('export')) {
      [exported = ''] = text.split('\n', 1).map((line) => `${line}\n`);
      await startSidecar();
    }
    expect(`${stdout}${stderr}`.replaceAll(/ +/g, ' ').replace(/,(?=\n$)/, '')).toBe(output.replaceAll(/ +/g, ' '));
  }
});

/** With the key that the first command has made, and with the schema of the page. */
async function startSidecar(): Promise<void> {
  const ENCRYPTION_KEYS_FILE = join(directory, 'encryption-keys');
  const settings = { SIGNING_KEYS: signingKey, ENCRYPTION_KEYS_FILE, DATA_SCHEMA_FILE: join(directory, 'schema.json') };
  sidecar = await stack.sidecar({ redis, settings });
  const client = stack.use(connectRaw(sidecar.address));
  await client.call('createSession', { mutations: [mutation.set('cart', '["tea"]')] });
}

function programIn(language: string): { readonly program: string; readonly output: string } {
  const at = blocks.findIndex((block) => block.language === language);
  const program = blocks[at]!.text.replaceAll('localhost:50051', sidecar.address);
  return { program, output: blocks[at + 1]!.text };
}

test('the TypeScript program prints what the page says', async () => {
  const { program, output } = programIn('ts');
  const file = join(directory, 'program.mjs');
  writeFileSync(file, program);
  expect((await execute(process.execPath, [file])).stdout).toBe(output);
});

testWith(python)('the Python program prints what the page says', async () => {
  const { command, env } = python as Found;
  const { program, output } = programIn('python');
  expect((await execute(command, ['-c', program], { env })).stdout).toBe(output);
});

testWith(go)('the Go program prints what the page says', async () => {
  const { command, env } = go as Found;
  const { program, output } = programIn('go');
  const modules = readFileSync(join(root, 'examples/go/go.mod'), 'utf8');
  writeFileSync(join(directory, 'go.mod'), modules.replaceAll('../../', `${root}/`));
  copyFileSync(join(root, 'examples/go/go.sum'), join(directory, 'go.sum'));
  writeFileSync(join(directory, 'main.go'), program);
  expect((await execute(command, ['run', 'main.go'], { cwd: directory, env })).stdout).toBe(output);
});
