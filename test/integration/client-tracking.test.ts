import { expect, jest, test } from '@jest/globals';
import type { Redis } from 'ioredis';
import { createSubscriber } from '../../server/src/store/redis/connection/connect';
import { ClientTracking } from '../../server/src/store/redis/change-feed/client-tracking';
import { moveMonotonicClock } from '../support/clock';
import { until } from '../support/poll';
import type { RedisServer } from '../support/redis';
import { connectForTest, redisConnectionOptions } from '../support/store-harness';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();

/** Listens to what one server tells of the reads of a connection to another, if these are two. */
function listen(data: RedisServer, told: RedisServer = data, commandTimeoutMs = 60_000) {
  const optionsOf = ({ port }: RedisServer) =>
    redisConnectionOptions({ nodes: [{ host: '127.0.0.1', port }], commandTimeoutMs });
  const tracked = connectForTest(optionsOf(data));
  const connection = tracked.client as Redis;
  const subscriber = createSubscriber(optionsOf(told), () => undefined);
  const heard: string[] = [];
  const silences: number[] = [];
  let isTracking = false;
  const invalidations = new ClientTracking({
    data: connection,
    subscriber,
    listener: {
      onConfirmed: (askedAt) => {
        if (!isTracking) heard.push('tracking');
        isTracking = true;
        silences.push(performance.now() - askedAt);
      },
      onInvalidated: (keys) => heard.push(`changed: ${String(keys)}`),
      onLost: () => {
        isTracking = false;
        heard.push('lost');
      },
    },
    onTrouble: ({ message }) => heard.push(message),
  });
  invalidations.start();
  stack.defer(() => {
    invalidations.stop();
    tracked.close();
  });
  return { connection, subscriber, heard, silences };
}

test('a change to a key that was read is reported', async () => {
  const redis = await stack.redis();
  const { connection, heard } = listen(redis);
  await until('tracking', () => heard.includes('tracking'));
  await connection.get('a');
  await redis.admin.mset('a', '1', 'b', '2');
  await until('the change', () => heard.length > 1);
  expect(heard).toEqual(['tracking', 'changed: a']);
});

test('a confirmation counts from the time of the request, however late Redis answers', async () => {
  const { subscriber, heard, silences } = listen(await stack.redis());
  await until('an answer', () => heard.includes('tracking') && silences.length > 0);
  subscriber.stream.pause();
  const asking = jest.spyOn(subscriber, 'ping');
  await until('a question', () => asking.mock.calls.length > 0);
  moveMonotonicClock(3_600_000);
  const before = silences.length;
  subscriber.stream.resume();
  await until('the answer', () => silences.length > before);
  expect(silences[before]).toBeGreaterThanOrEqual(3_600_000);
});

test('a connection that does not answer is replaced', async () => {
  const redis = await stack.redis();
  const { subscriber, heard } = listen(redis, redis, 1000);
  await until('tracking', () => heard.includes('tracking'));
  subscriber.stream.pause();
  await until('another connection', () => heard.length > 2);
  expect(heard.slice(0, 3)).toEqual(['tracking', 'lost', 'tracking']);
});

test('ignores invalidations of another server', async () => {
  const { heard, silences } = listen(await stack.redis(), await stack.redis());
  await until('trouble', () => heard.length > 0);
  expect(heard[0]).toContain('SESSION_SIDECAR_NEAR_CACHE is inactive');
  expect(heard[0]).toContain('same server');
  expect([heard.length, silences]).toEqual([1, []]);
});
