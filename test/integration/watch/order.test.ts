import { expect, test } from '@jest/globals';
import type { SessionEvent } from '../../../server/src/session/events/session-event';
import type { SessionRef } from '../../../server/src/session/session-store';
import { RedisEvents } from '../../../server/src/store/redis/events/redis-events';
import { RedisStore } from '../../../server/src/store/redis/redis-store';
import { newSession } from '../../contract/session-store/fixture';
import { until } from '../../support/poll';
import { stackForEachTest } from '../../support/stack';
import {
  connectForTest,
  generousLimits,
  keyPrefix,
  redisConnectionOptions,
  twentyMinutes,
} from '../../support/store-harness';

const stack = stackForEachTest();

/** A sidecar that hangs between the login of a session and its event, until the session is gone. */
async function startSlow(step: 'created' | 'updated') {
  const { admin, port } = await stack.redis();
  const recorded: SessionEvent[] = [];
  const options = redisConnectionOptions({ nodes: [{ host: '127.0.0.1', port }], commandTimeoutMs: 20_000 });
  const open = () => {
    const connection = connectForTest(options);
    const shared = { connection, keyPrefix, expiry: twentyMinutes, replication: undefined };
    const events = new RedisEvents({
      ...{ ...shared, retentionMs: 60_000 },
      observer: { eventRecorded: (event) => recorded.push(event), setRecording: () => {} },
    });
    const store = stack.use(
      new RedisStore({ ...shared, events, commandTimeoutMs: 20_000, limits: generousLimits, expireKeys: true }),
    );
    return { events, store };
  };
  const [slow, other] = [open(), open()];
  await until('the connections', () => slow.store.ready && other.store.ready);
  stack.defer(slow.events.log.keepRecording());
  await slow.events.log.end(new AbortController().signal);
  await other.events.log.end(new AbortController().signal);

  const { recorder } = slow.events;
  const record = recorder[step].bind(recorder) as (...args: unknown[]) => Promise<void>;
  let isHeld = false;
  recorder[step] = async (...args: unknown[]) => {
    isHeld = true;
    await until('the session to be gone', async () => (await admin.exists(`${keyPrefix}${String(args[0])}`)) === 0);
    await record(...args);
  };
  const held = () => until('the change', () => isHeld);
  return { slow: slow.store, other: other.store, held, types: () => recorded.map(({ type }) => type) };
}

const ref = ({ handle, secretHash }: SessionRef): SessionRef => ({ handle, secretHash });

test('a session that is ended with its subject while it is being created is reported as created first', async () => {
  const { slow, other, held, types } = await startSlow('created');
  const created = slow.create(newSession({ subject: 'ada' }));
  await held();
  expect(await other.deleteSubject('ada', {})).toBe(1);
  await created;
  expect(types()).toEqual(['created', 'revoked']);
});

test('a session that is ended with its subject while it logs in is reported to have its new token first', async () => {
  const { slow, other, held, types } = await startSlow('updated');
  const session = newSession();
  await other.create(session);
  const login = slow.update(ref(session), { subject: 'ada', secretHash: newSession().secretHash });
  await held();
  expect(await other.deleteSubject('ada', {})).toBe(1);
  await login;
  expect(types()).toEqual(['created', 'regenerated', 'revoked']);
});
