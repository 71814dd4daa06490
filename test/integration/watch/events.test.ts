import { beforeAll, describe, expect, test } from '@jest/globals';
import { connect } from '../../support/client';
import { until } from '../../support/poll';
import { stackForAllTests } from '../../support/stack';
import { Watching } from '../../support/watching';
import { signIn, startStore } from './fixture';
import type { Client, Started, Topology } from './fixture';

const topologies: readonly Topology[] = ['memory', 'redis', 'redis without TTL', 'cluster'];

describe.each(topologies)('events on %s', (topology) => {
  const stack = stackForAllTests();
  let client: Client;
  let watching: Watching;
  let store: Started;

  beforeAll(async () => {
    store = await startStore(stack, topology);
    const settings = { ...store.options.settings, MAX_LIFETIME: '1h' };
    const sidecar = await stack.sidecar({ ...store.options, settings });
    client = stack.use(connect(sidecar));
    watching = await Watching.start(stack, client);
  });

  test('report the life of a session', async () => {
    const session = await signIn(client, undefined);
    const { handle, version } = session;
    session.setSubject('ada');
    await session.regenerate();
    const regenerated = session.version;
    await session.invalidate();

    await watching.event('invalidated', handle);
    const events = watching.events.filter((event) => event.handle === handle);
    expect(events.map(({ cursor: _, time: __, ...event }) => event)).toEqual([
      { type: 'created', reason: 'call', handle, subject: undefined, version },
      { type: 'regenerated', reason: 'call', handle, subject: 'ada', version: regenerated },
      { type: 'invalidated', reason: 'call', handle, subject: 'ada', version: regenerated },
    ]);
    for (const { time } of events) expect(Math.abs(time.getTime() - Date.now())).toBeLessThan(60_000);
  });

  test('report the subject that a session has when it gets a new token', async () => {
    const session = await signIn(client, 'grace hopper é');
    await session.regenerate();
    const event = await watching.event('regenerated', session.handle);
    expect(event.subject).toBe('grace hopper é');
  });

  test('report each session that was ended by way of its subject', async () => {
    const ended = await Promise.all([1, 2, 3].map(() => signIn(client, 'revoked é')));
    const [current, elsewhere] = [await signIn(client, 'revoked é'), await signIn(client, 'another')];
    await ended[0]!.regenerate();
    await client.forSubject('revoked é').invalidateAll({ exceptCurrent: current });
    for (const { handle, version } of ended) {
      const { type, reason, subject, version: before } = await watching.event('revoked', handle);
      expect({ type, reason, subject, before }).toEqual({
        ...{ type: 'revoked', reason: 'subject', subject: 'revoked é', before: version },
      });
    }
    await client.forSubject('revoked é').invalidate(current.handle!);
    await watching.event('revoked', current.handle);
    const handles = new Set([...ended, current, elsewhere].map(({ handle }) => handle));
    const ends = watching.events.filter(({ type, handle }) => handles.has(handle) && type === 'revoked');
    expect(ends.map(({ handle }) => handle).sort()).toEqual([...ended, current].map(({ handle }) => handle).sort());
  });

  test('report no second end of a session that was ended by way of its subject', async () => {
    const { handle } = await signIn(client, 'brief', 1000);
    await client.forSubject('brief').invalidateAll();
    const later = await signIn(client, 'later', 1500);
    await watching.event('expired', later.handle);
    const types = watching.events.filter((event) => event.handle === handle).map(({ type }) => type);
    expect(types).toEqual(['created', 'revoked']);
  });

  test('report that a session has expired', async () => {
    const { handle } = await signIn(client, 'ada', 1000);
    const event = await watching.event('expired', handle);
    expect(event).toMatchObject({ reason: 'idle_timeout', subject: 'ada', version: undefined });
  });

  test('do not report that a session has expired while it is used', async () => {
    const used = await signIn(client, 'ada', 2000);
    const unused = await signIn(client, 'ada', 2000);
    await until(
      'the unused session to expire',
      async () => {
        await client.open(used.token);
        return watching.events.some(({ type, handle }) => type === 'expired' && handle === unused.handle);
      },
      30_000,
    );
    expect((await client.open(used.token)).isNew).toBe(false);
    expect(watching.events.filter(({ handle }) => handle === used.handle).map(({ type }) => type)).toEqual(['created']);
    await watching.event('expired', used.handle);
  });

  test('report the end of a session whose idle timeout was shortened', async () => {
    const session = await signIn(client, 'ada');
    session.setIdleTimeout(1000);
    await session.save();
    await watching.event('expired', session.handle);
  });

  test('report the subject that a session had when it expired, not an earlier one', async () => {
    const session = await signIn(client, 'ada', 2000);
    session.setSubject('grace');
    await session.save();
    expect((await watching.event('expired', session.handle)).subject).toBe('grace');
  });

  test('report one end of each session', async () => {
    const sessions = await Promise.all(Array.from({ length: 40 }, (_, index) => signIn(client, 'many', 1000 + index)));
    const handles = new Set(sessions.map(({ handle }) => handle));
    await Promise.all(sessions.slice(0, 20).map((session) => session.invalidate()));
    const ends = () => watching.events.filter(({ type, handle }) => type !== 'created' && handles.has(handle));
    await until('all ends', () => ends().length >= 40, 30_000);
    expect(
      ends()
        .map(({ type }) => type)
        .sort(),
    ).toEqual([...Array.from({ length: 20 }, () => 'expired'), ...Array.from({ length: 20 }, () => 'invalidated')]);
  });

  test('need no keyspace notifications', async () => {
    const settings = await Promise.all(store.servers.map(({ admin }) => admin.config('GET', 'notify-keyspace-events')));
    expect(settings.map(([, value]) => value ?? '')).toEqual(store.servers.map(() => ''));
  });
});
