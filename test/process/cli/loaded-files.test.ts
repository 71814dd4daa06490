import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '../../support/poll';
import { binary } from '../../support/process';
import { stackForEachTest } from '../../support/stack';
import { run } from './fixture';

const stack = stackForEachTest();
const dist = dirname(binary);

let list: string;
let env: Readonly<Record<string, string>>;

beforeEach(() => {
  const directory = stack.directory();
  list = join(directory, 'loaded.json');
  const script = join(directory, 'list.cjs');
  const write = `require('fs').writeFileSync(${JSON.stringify(list)}, JSON.stringify(Object.keys(require.cache)))`;
  writeFileSync(script, `for (const event of ['exit', 'SIGUSR2']) process.on(event, () => ${write});`);
  env = { NODE_OPTIONS: `--require ${script}` };
});

const loaded = (): readonly string[] => {
  const paths = JSON.parse(readFileSync(list, 'utf8')) as readonly string[];
  return paths.filter((path) => dirname(path) === dist).map((path) => basename(path));
};

test.each([{ args: [] }, { args: ['serve'] }])(
  'a sidecar ($args) loads nothing of the other commands',
  async ({ args }) => {
    const { child } = await stack.process({ args, env });
    child.kill('SIGUSR2');
    const files = await until('the list', () => {
      try {
        return loaded();
      } catch {
        return undefined;
      }
    });
    expect(files).toEqual(['main.js', 'serve.js']);
  },
);

test('the file of a sidecar has nothing of the packages that only other commands use', () => {
  const has = (file: string, name: string): boolean => readFileSync(join(dist, file), 'utf8').includes(name);
  const names = { CommanderError: 'cli.js', colWidths: 'cli.js', SingleBar: 'grpc-commands.js' };
  for (const [name, file] of Object.entries(names)) {
    expect({ name, there: has(file, name), inSidecar: has('serve.js', name) }).toEqual({
      name,
      there: true,
      inSidecar: false,
    });
  }
});

describe.each([
  { args: ['secret', 'new'], files: [] },
  { args: ['completion', 'bash'], files: [] },
  { args: ['help'], files: [] },
  { args: ['check-config'], files: [] },
  { args: ['stats', '--url', 'http://127.0.0.1:9'], files: [] },
  { args: ['session', 'show', '--address', '127.0.0.1:9'], files: ['grpc-commands.js'] },
  { args: ['doctor'], files: ['redis-commands.js'] },
])('$args', ({ args, files }) => {
  test('loads what it needs and nothing else', () => {
    run(args, { env, input: 'token' });
    expect(loaded()).toEqual(['main.js', 'cli.js', ...files]);
  });
});

test('every file of the build is loaded by something that is tested here', () => {
  const files = readdirSync(dist).filter((file) => file.endsWith('.js'));
  // Only with tracing, the inspector, the administration service, or a schema.
  const others = ['opentelemetry.js', 'inspector.js', 'admin.js', 'json-schema.js'];
  const known = ['main.js', 'serve.js', 'cli.js', 'grpc-commands.js', 'redis-commands.js', ...others];
  expect(files.sort()).toEqual(known.sort());
});
