import { expect, test } from '@jest/globals';
import type { SessionEvent } from '../../../server/src/session/events/session-event';
import { RedisEvents } from '../../../server/src/store/redis/events/redis-events';
import { until } from '../../support/poll';
import { stackForEachTest } from '../../support/stack';
import { connectForTest, keyPrefix, redisConnectionOptions, twentyMinutes } from '../../support/store-harness';

const stack = stackForEachTest();
const retentionMs = 1500;
const metadata = { created: 1, accessed: 1, idleTimeout: undefined, expires: 4_000_000_000_000, version: 1 };

test('Redis keeps events for the retention, and nothing once nothing watches any more', async () => {
  const { admin, port } = await stack.redis();
  const connection = stack.use(connectForTest(redisConnectionOptions({ nodes: [{ host: '127.0.0.1', port }] })));
  const recorded: SessionEvent[] = [];
  const states: boolean[] = [];
  const { log, recorder } = stack.use(
    new RedisEvents({
      ...{ connection, keyPrefix, retentionMs, expiry: twentyMinutes, replication: undefined },
      observer: { eventRecorded: (event) => recorded.push(event), setRecording: (is) => states.push(is) },
    }),
  );
  await until('the connection', () => connection.usable);
  await recorder.created('before', metadata);
  const stop = log.keepRecording();
  const begin = await log.end(new AbortController().signal);
  await recorder.created('A'.repeat(22), metadata, 'ada');

  const batch = await log.read(begin, 10);
  expect(batch.events.map(({ event }) => event)).toEqual(recorded);
  expect(recorded).toMatchObject([{ type: 'created', handle: 'A'.repeat(22), subject: 'ada', version: 1 }]);
  const keys = await admin.keys('*{events*');
  expect(keys.length).toBeGreaterThan(3);

  const isExpired = () =>
    log.check(begin).then(
      () => false,
      (error: unknown) => (error as { reason?: unknown }).reason === 'CURSOR_EXPIRED',
    );
  expect(await isExpired()).toBe(false);
  await until('the cursor to expire', isExpired);
  // It is in force all the same.
  await log.check(await log.end(new AbortController().signal));
  stop();
  await until('all keys to be gone', async () => (await admin.keys('*{events*')).length === 0);
  await until('recording to end', () => states.length === 2);
  expect(states).toEqual([true, false]);
  await recorder.created('after', metadata);
  expect(recorded).toHaveLength(1);
});
