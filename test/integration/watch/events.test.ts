import { beforeAll, describe, expect, test } from '@jest/globals';
import { stackForAllTests } from '../../support/stack';
import type { Watching } from '../../support/watching';
import { allTopologies, signIn, startWatched, useAfterGrace } from './fixture';
import type { Client, Started, Topology, Watched } from './fixture';

const stack = stackForAllTests();
const topologies: readonly Topology[] = [...allTopologies, 'encrypted redis'];
let all: ReadonlyMap<Topology, Watched>;

/** Together, because each waits for watching to begin. */
beforeAll(async () => {
  all = new Map(
    await Promise.all(topologies.map(async (topology) => [topology, await startWatched(stack, topology)] as const)),
  );
});

describe.each(topologies)('events on %s', (topology) => {
  let client: Client;
  let watching: Watching;
  let store: Started;

  beforeAll(() => {
    ({ client, watching, store } = all.get(topology)!);
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

  test('report the use of a replaced token after its grace, once a minute, with the subject of its session', async () => {
    const session = await signIn(client, 'robbed é');
    const { token, handle } = session;
    await session.regenerate({ grace: 1 });
    const { version } = session;
    await useAfterGrace(client, token);
    await watching.event('replaced_token_used', handle);
    expect((await client.open(token)).isNew).toBe(true);
    await session.invalidate();
    await watching.event('invalidated', handle);
    const events = watching.events.filter((event) => event.handle === handle).slice(1);
    expect(events.map(({ cursor: _, time: __, ...event }) => event)).toEqual(
      ['regenerated', 'replaced_token_used', 'invalidated'].map((type) => ({
        ...{ type, reason: 'call', handle, subject: 'robbed é', version },
      })),
    );
  });

  test('report no use of a token that was replaced without a grace, or within it', async () => {
    const session = await signIn(client, 'safe');
    const first = session.token;
    await session.regenerate();
    const second = session.token;
    await session.regenerate({ grace: 30_000 });
    expect((await client.open(second)).origin).toBe('found');
    expect((await client.open(first)).origin).toBe('not_found');
    const { handle } = session;
    await session.invalidate();
    await watching.event('invalidated', handle);
    const types = watching.events.filter((event) => event.handle === handle).map(({ type }) => type);
    expect(types).toEqual(['created', 'regenerated', 'regenerated', 'invalidated']);
  });

  test('need no keyspace notifications', async () => {
    const settings = await Promise.all(store.servers.map(({ admin }) => admin.config('GET', 'notify-keyspace-events')));
    expect(settings.map(([, value]) => value ?? '')).toEqual(store.servers.map(() => ''));
  });
});
