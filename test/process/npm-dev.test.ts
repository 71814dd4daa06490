import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { copyCheckout } from '../support/checkout';
import { until } from '../support/poll';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();

test('npm run dev starts the sidecar again when a source changes, and keeps the one before when the change does not build', async () => {
  const copy = copyCheckout();
  stack.defer(() => rmSync(copy, { recursive: true, force: true }));
  const flags = ['--grpc-address', '127.0.0.1:0', '--http-address', '127.0.0.1:0'];
  const npmDev = stack.command(process.execPath, [join(copy, 'scripts/dev.mjs'), ...flags], {
    cwd: copy,
    env: { PATH: process.env['PATH'] },
  });
  // Together, in the order in which it came.
  let output = '';
  for (const stream of [npmDev.child.stdout, npmDev.child.stderr])
    stream?.on('data', (text: string) => (output += text));
  const shown = async (text: string | RegExp) => {
    const found = until('output', () => output.search(text) >= 0);
    await found.catch(() => expect(output).toMatch(text));
  };

  await shown(/Sessions in memory: gRPC 127\.0\.0\.1:\d+/);

  const main = join(copy, 'server/src/main.ts');
  const source = readFileSync(main, 'utf8');
  writeFileSync(main, `${source}\nprocess.stderr.write('changed once\\n');\n`);
  await shown('changed once');

  writeFileSync(main, `${source}\nthis is no TypeScript`);
  await shown(/ERROR.*\n[^]*main\.ts/);
  expect(output).not.toMatch(/changed once[^]*shutting down/);

  writeFileSync(main, `${source}\nprocess.stderr.write('changed twice\\n');\n`);
  await shown('changed twice');
  await shown(/changed once[^]*INFO: stopped[^]*Sessions in memory/);

  npmDev.child.kill('SIGTERM');
  expect(await npmDev.exit).toEqual({ code: 0, signal: null });
});
