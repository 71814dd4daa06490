import { beforeAll, describe, expect, test } from '@jest/globals';
import { connect } from '../../support/client';
import { until } from '../../support/poll';
import { stackForAllTests } from '../../support/stack';
import { Watching } from '../../support/watching';
import { signIn, startStore, useAfterGrace } from './fixture';
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

  /** All of them end meanwhile, so that the tests wait together. */
  describe('of sessions that end by themselves', () => {
    type Ending = Awaited<ReturnType<typeof signIn>>;
    const many: { readonly handle: string | undefined }[] = [];
    let expired: Ending, used: Ending, unused: Ending, shortened: Ending, handedOver: Ending, revoked: Ending;
    let using: Promise<unknown>;

    beforeAll(async () => {
      [expired, used, unused, shortened, handedOver, revoked] = await Promise.all([
        ...[
          signIn(client, 'ada', 1000),
          signIn(client, 'ada', 2500),
          signIn(client, 'ada', 2500),
          signIn(client, 'ada'),
        ],
        ...[signIn(client, 'ada', 2500), signIn(client, 'brief', 1500)],
      ] as const);
      using = useUntil(used, () => ended(unused).length > 0);
      await client.forSubject('brief').invalidateAll();
      shortened.setIdleTimeout(1000);
      handedOver.setSubject('grace');
      await Promise.all([shortened.save(), handedOver.save()]);
      const made = await Promise.all(Array.from({ length: 40 }, (_, index) => signIn(client, 'many', 1500 + index)));
      many.push(...made.map(({ handle }) => ({ handle })));
      await Promise.all(made.slice(0, 20).map((session) => session.invalidate()));
    });

    const ended = ({ handle }: Pick<Ending, 'handle'>): string[] =>
      watching.events.filter((event) => event.handle === handle && event.type !== 'created').map(({ type }) => type);

    async function useUntil(session: Ending, isOver: () => boolean): Promise<void> {
      await until('the unused session to expire', async () => (await client.open(session.token)) && isOver(), 30_000);
      expect((await client.open(session.token)).isNew).toBe(false);
      expect(ended(session)).toEqual([]);
    }

    test('report that a session has expired', async () => {
      const event = await watching.event('expired', expired.handle);
      expect(event).toMatchObject({ reason: 'idle_timeout', subject: 'ada', version: undefined });
    });

    test('do not report that a session has expired while it is used', async () => {
      await using;
      await watching.event('expired', used.handle);
    });

    test('report the end of a session whose idle timeout was shortened', async () => {
      await watching.event('expired', shortened.handle);
    });

    test('report the subject that a session had when it expired, not an earlier one', async () => {
      expect((await watching.event('expired', handedOver.handle)).subject).toBe('grace');
    });

    test('report one end of each session', async () => {
      await until('all ends', () => many.every((session) => ended(session).length > 0), 30_000);
      // Those that were ended would have expired first.
      expect(many.flatMap(ended)).toEqual([
        ...Array.from({ length: 20 }, () => 'invalidated'),
        ...Array.from({ length: 20 }, () => 'expired'),
      ]);
    });

    test('report no second end of a session that was ended by way of its subject', async () => {
      await watching.event('expired', unused.handle);
      expect(ended(revoked)).toEqual(['revoked']);
    });
  });

  test('need no keyspace notifications', async () => {
    const settings = await Promise.all(store.servers.map(({ admin }) => admin.config('GET', 'notify-keyspace-events')));
    expect(settings.map(([, value]) => value ?? '')).toEqual(store.servers.map(() => ''));
  });
});
