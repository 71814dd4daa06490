import { expect, test } from '@jest/globals';
import type { SessionEvent } from '../../../server/src/session/events/session-event';
import { RedisEvents } from '../../../server/src/store/redis/events/redis-events';
import { until } from '../../support/poll';
import { stackForEachTest } from '../../support/stack';
import { connectForTest, keyPrefix, redisConnectionOptions, twentyMinutes } from '../../support/store-harness';

const stack = stackForEachTest();
const metadata = { created: 1, accessed: 1, idleTimeout: undefined, expires: 4_000_000_000_000, version: 1 };

test('the first changes of a new sidecar are recorded, although they are made at the same time', async () => {
  const { port } = await stack.redis();
  const recorded: SessionEvent[] = [];
  const open = async (): Promise<RedisEvents> => {
    const connection = stack.use(connectForTest(redisConnectionOptions({ nodes: [{ host: '127.0.0.1', port }] })));
    await until('the connection', () => connection.usable);
    return stack.use(
      new RedisEvents({
        ...{ connection, keyPrefix, retentionMs: 60_000, expiry: twentyMinutes, replication: undefined },
        observer: { eventRecorded: (event) => recorded.push(event), setRecording: () => {} },
      }),
    );
  };
  const { log } = await open();
  stack.defer(log.keepRecording());
  await log.end(new AbortController().signal);

  const { recorder } = await open();
  const handles = ['a', 'b', 'c'].map((letter) => letter.repeat(22));
  await Promise.all(handles.map((handle) => recorder.created(handle, metadata)));
  expect(recorded.map(({ handle }) => handle).sort()).toEqual(handles);
});
