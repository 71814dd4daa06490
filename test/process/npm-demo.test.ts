import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { copyCheckout } from '../support/checkout';
import { until } from '../support/poll';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();

test('npm run demo serves the shop on a Redis of its own, and Ctrl-C ends all of it', async () => {
  const copy = copyCheckout();
  stack.defer(() => rmSync(copy, { recursive: true, force: true }));
  const demo = stack.command(process.execPath, [join(copy, 'scripts/demo.mjs'), '--idle-timeout', '5m'], {
    cwd: copy,
    env: { PATH: process.env['PATH'], PORT: '0' },
  });
  const [, url, redis] = await until(
    'the address of the demo',
    () => /The demo is at (\S+)\n.*Redis at (\S+)/.exec(demo.output().stdout) ?? undefined,
  );
  expect(redis).toMatch(/^redis:\/\/127\.0\.0\.1:\d+$/);
  const page = await (await fetch(`${url}/teas/oolong`)).text();
  expect(page).toContain('<b>1</b> CreateSession');
  expect(page).toMatch(/<b>\d+<\/b> EVAL/);
  expect(page).toContain('in 5 minutes');

  // A terminal would send it to the children, too. The exit is that of the last process that holds the output open.
  demo.child.kill('SIGINT');
  expect(await demo.exit).toEqual({ code: 0, signal: null });
  await expect(fetch(url!)).rejects.toThrow();
});

test('the shop says what to set if its port is in use, and ends', async () => {
  const { port } = new URL(await stack.serve((_req, res) => res.end()));
  const shop = stack.command(process.execPath, [join(__dirname, '../../examples/demo/dist/main.js')], {
    env: { PATH: process.env['PATH'], PORT: port },
  });
  expect(await shop.exit).toEqual({ code: 1, signal: null });
  expect(shop.output().stderr).toMatch(new RegExp(`Cannot listen on 127\\.0\\.0\\.1:${port}: .*HOST and PORT choose`));
});
