import { expect, test } from '@jest/globals';
import type { ImportResult } from '../../../server/src/cli/import/report';
import { until } from '../../support/poll';
import { binary, onRedis } from '../../support/process';
import { stackForEachTest } from '../../support/stack';
import { environment, exitOf, onTerminal } from './fixture';

const stack = stackForEachTest();

test('import moves sessions, and Ctrl-C ends it with what was done', async () => {
  const redis = await stack.redis();
  const pipeline = redis.admin.pipeline();
  for (let at = 0; at < 1000; at += 1)
    pipeline.set(`sess:${at}`, '{"cookie":{"originalMaxAge":null},"n":1}', 'EX', 3600);
  await pipeline.exec();
  const settings = onRedis(redis);
  const args = [binary, 'import', 'connect-redis', '--json', '--rate', '50'];
  const slow = stack.command(process.execPath, args, { env: environment({ settings }) });
  const count = async () => (await redis.admin.keys('session:??????????????????????')).length;
  await until('sessions to be imported', async () => (await count()) > 0);
  slow.child.kill('SIGINT');
  expect(exitOf((await slow.exit).code)).toBe('interrupted');
  const { imported, complete } = JSON.parse(slow.output().stdout) as ImportResult;
  expect({ imported, complete }).toEqual({ imported: await count(), complete: false });
  const shown = onTerminal(['import', 'connect-redis'], { settings });
  expect(shown).toMatch(/ % · [\d,]+ imported · 0 failed/);
  expect(shown).toMatch(/[\d,]+ sessions were imported, .*\n[\d,]+ keys in .* per second$/m);
  expect(await count()).toBe(1000);
});
