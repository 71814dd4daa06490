import { beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../../support/poll';
import { stackForAllTests } from '../../support/stack';
import { allTopologies, signIn, startWatched } from './fixture';
import type { Topology, Watched } from './fixture';

const stack = stackForAllTests();

type Session = Awaited<ReturnType<typeof signIn>>;
type Named = Pick<Session, 'handle'>;

/** The idle timeout of sessions that are changed before they end, in ms: the machine may be busy. */
const longMs = 8000;

/** Sessions of one store that end by themselves. */
interface Endings {
  readonly watched: Watched;
  readonly sessions: Readonly<Record<'expired' | 'used' | 'unused' | 'shortened' | 'handedOver' | 'revoked', Named>>;
  /** Of which the first half was ended before. */
  readonly many: readonly Named[];
  /** Settles when the unused session is over. */
  readonly using: Promise<void>;
  /** What was told of a session but its creation. */
  typesOf(session: Named): string[];
}

async function startEndings(watched: Watched): Promise<Endings> {
  const { client, watching } = watched;
  const [expired, used, unused, shortened, handedOver, revoked] = await Promise.all([
    ...[signIn(client, 'ada', 1000), signIn(client, 'ada', longMs + 500), signIn(client, 'ada', longMs + 500)],
    ...[signIn(client, 'ada'), signIn(client, 'ada', longMs), signIn(client, 'brief', longMs)],
  ] as const);
  const typesOf = ({ handle }: Named): string[] =>
    watching.events.filter((event) => event.handle === handle && event.type !== 'created').map(({ type }) => type);

  async function use(): Promise<void> {
    const isOver = async (): Promise<boolean> => {
      await client.open(used.token);
      return typesOf(unused).length > 0;
    };
    await until('the unused session to expire', isOver);
    expect((await client.open(used.token)).isNew).toBe(false);
    expect(typesOf(used)).toEqual([]);
  }
  const using = use();
  // A test reports its failure.
  using.catch(() => undefined);

  await client.forSubject('brief').invalidateAll();
  shortened.setIdleTimeout(1000);
  handedOver.setSubject('grace');
  await Promise.all([shortened.save(), handedOver.save()]);
  const made = await Promise.all(Array.from({ length: 40 }, (_, index) => signIn(client, 'many', longMs + index)));
  const many = made.map(({ handle }) => ({ handle }));
  await Promise.all(made.slice(0, 20).map((session) => session.invalidate()));
  return { watched, sessions: { expired, used, unused, shortened, handedOver, revoked }, many, using, typesOf };
}

const all = new Map<Topology, Endings>();

/** All of them end at about the same time. */
beforeAll(async () => {
  const watched = await Promise.all(allTopologies.map((topology) => startWatched(stack, topology)));
  for (const [index, topology] of allTopologies.entries()) all.set(topology, await startEndings(watched[index]!));
});

describe.each(allTopologies)('events of sessions that end by themselves, on %s,', (topology) => {
  const endings = () => all.get(topology)!;
  const eventOf = (name: keyof Endings['sessions']) =>
    endings().watched.watching.event('expired', endings().sessions[name].handle);

  test('report that a session has expired', async () => {
    expect(await eventOf('expired')).toMatchObject({ reason: 'idle_timeout', subject: 'ada', version: undefined });
  });

  test('do not report that a session has expired while it is used', async () => {
    await endings().using;
    await eventOf('used');
  });

  test('report the end of a session whose idle timeout was shortened', async () => {
    await eventOf('shortened');
  });

  test('report the subject that a session had when it expired, not an earlier one', async () => {
    expect((await eventOf('handedOver')).subject).toBe('grace');
  });

  test('report one end of each session', async () => {
    const { many, typesOf } = endings();
    await until('all ends', () => many.every((session) => typesOf(session).length > 0));
    // Those that were ended would have expired first.
    expect(many.flatMap(typesOf)).toEqual([
      ...Array.from({ length: 20 }, () => 'invalidated'),
      ...Array.from({ length: 20 }, () => 'expired'),
    ]);
  });

  test('report no second end of a session that was ended by way of its subject', async () => {
    const { sessions, typesOf } = endings();
    await eventOf('unused');
    expect(typesOf(sessions.revoked)).toEqual(['revoked']);
  });
});
