import { expect, test } from '@jest/globals';
import type { SessionEvent } from '../../server/src/session/events/session-event';
import { RedisEvents } from '../../server/src/store/redis/events/redis-events';
import { until } from '../support/poll';
import { connectForTest, keyPrefix, redisConnectionOptions, twentyMinutes } from '../support/store-harness';
import { stackForEachTest } from '../support/stack';
import { blocksOf, codeIn, tableOf, text } from './storage-page';

const stack = stackForEachTest();

const [, user = '', userRules = ''] = /^ACL SETUSER (\S+) (.*)$/m.exec(blocksOf('text').join('\n')) ?? [];
const password = /\s>(\S+)/.exec(userRules)?.[1];
const [eventRules = ''] = codeIn(/^- For \[events\].*$/m.exec(text)?.[0] ?? '');

const handleOf = (letter: string): string => letter.repeat(22);
const hash = 'h'.repeat(43);
const record = (created: number): string => `1 1 ${created} ${created} 1000 ${hash} csrf\n@0,3  ada\n`;

test('the rules for events are all that is needed, and each is', async () => {
  const { admin, port } = await stack.redis();
  await admin.acl('SETUSER', user, ...userRules.split(' '), ...eventRules.split(' '));
  await admin.acl('LOG', 'RESET');
  const now = Date.now();
  await admin.set(keyPrefix + handleOf('e'), record(now));
  const options = redisConnectionOptions({ nodes: [{ host: '127.0.0.1', port }], username: user, password });
  const connection = stack.use(connectForTest(options));
  const recorded: SessionEvent[] = [];
  const observer = { eventRecorded: (event: SessionEvent) => recorded.push(event), setRecording: () => undefined };
  const { log, recorder } = stack.use(
    new RedisEvents({
      ...{ connection, keyPrefix, retentionMs: 60_000, expiry: twentyMinutes, replication: undefined, observer },
    }),
  );
  await until('the connection', () => connection.usable);
  await admin.config('RESETSTAT');
  const session = { created: now, accessed: now, idleTimeout: 1000, version: 1 };
  await recorder.created(handleOf('n'), { ...session, expires: now });
  log.keepRecording();
  const { signal } = new AbortController();
  const begin = await log.end(signal);
  await recorder.created(handleOf('a'), { ...session, expires: now });
  await recorder.created(handleOf('b'), { ...session, expires: undefined });
  const keys = new Set(await admin.keys('*'));
  await recorder.ended('invalidated', 'call', handleOf('b'), { version: 1, subject: '' });
  const { isActive } = await log.groups.join('g', 'w', begin, false);
  await log.groups.acknowledge('g', begin);
  await log.groups.leave('g', 'w');
  await until('both ends', () => recorded.filter(({ type }) => type === 'expired').length === 2);
  expect(isActive).toBe(true);
  expect((await log.read(begin, 100)).events.length).toBe(recorded.length);

  expect(await admin.acl('LOG')).toEqual([]);
  const stats = await admin.info('commandstats');
  const used = new Set([...stats.matchAll(/cmdstat_([^:|]+)/g)].map(([, name = '']) => name));
  expect(eventRules.split(' ').filter((rule) => !used.has(rule.slice(1)))).toEqual([]);

  // The keys, and the commands of each script, that the page lists.
  for (const key of await admin.keys('*{events*')) keys.add(key);
  const shapes = [...keys]
    .filter((key) => key.includes('{events'))
    .map((key) =>
      key
        .replace(/\{events:\d+\}/, '{events:n}')
        .replace(/:[0-9a-f]{16}:/, ':log:')
        .replace(/:g$/, ':name'),
    );
  expect([...new Set(shapes)].sort()).toEqual(
    tableOf('key', 'type', 'content')
      .map(([key = '']) => codeIn(key)[0])
      .sort(),
  );
  const listed = new Set(
    tableOf('script', 'when', 'commands').flatMap(([, , commands = '']) =>
      codeIn(commands).map((command) => command.split(' ')[0]!.toLowerCase()),
    ),
  );
  expect(
    eventRules
      .split(' ')
      .map((rule) => rule.slice(1))
      .filter((rule) => rule !== 'exists' && !listed.has(rule)),
  ).toEqual([]);
});
