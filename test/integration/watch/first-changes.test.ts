import { expect, test } from '@jest/globals';
import type { SessionEvent } from '../../../server/src/session/events/session-event';
import { storeUnavailable } from '../../../server/src/session/errors';
import type { SessionError } from '../../../server/src/session/errors';
import { EventKeys } from '../../../server/src/store/redis/events/event-keys';
import { EventScripts } from '../../../server/src/store/redis/events/event-scripts';
import { Presence } from '../../../server/src/store/redis/events/presence';
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

test.each([
  ['fails if Redis does not answer', storeUnavailable(false), 'STORE_UNAVAILABLE true'],
  ['goes on without an event if Redis does not allow to ask', new Error('NOPERM'), 'not recorded'],
])('the first change of a new sidecar %s', async (_what, answer, expected) => {
  const { port } = await stack.redis();
  const connection = stack.use(connectForTest(redisConnectionOptions({ nodes: [{ host: '127.0.0.1', port }] })));
  await until('the connection', () => connection.usable);
  class Unanswered extends EventScripts {
    override exists(): Promise<boolean> {
      return Promise.reject(answer);
    }
  }
  const options = { keys: new EventKeys(keyPrefix), retentionMs: 60_000, onRecording: () => {} };
  const presence = stack.use(new Presence({ ...options, scripts: new Unanswered(connection) }));
  const outcome = await presence.current().then(
    (log) => log ?? 'not recorded',
    (error: unknown) => {
      const { reason, metadata } = error as SessionError;
      return `${reason} ${metadata['maybe_applied']}`;
    },
  );
  expect(outcome).toBe(expected);
});
