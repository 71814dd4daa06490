import { describe, expect, test } from '@jest/globals';
import type { SeenEvent, WatchedEvents } from '../history';
import { brokenBy, expectBreach, maybe, notFound, Story } from './fixture';

type Told = Partial<SeenEvent> & Pick<SeenEvent, 'type' | 'at'>;

/** What a watcher was told. */
function tell(s: Story, events: readonly Told[], more: Partial<WatchedEvents> = {}): void {
  const told = events.map((event): SeenEvent => ({ handle: 'h', time: event.at, ...event }));
  s.watched.splice(0, 1, { name: 'w', since: -10, until: 10_000, restarts: [], events: told, ...more });
}

const created: Told = { type: 'created', at: 20, version: 1 };
const regenerated: Told = { type: 'regenerated', at: 120, version: 2 };
const invalidated: Told = { type: 'invalidated', at: 320, version: 2 };
const each = 'each acknowledged change has its event';
const invented = 'no event is invented';

describe('the checker rejects a history in which a watcher is not told', () => {
  test.each(['created', 'regenerated', 'invalidated'])('that a session was %s', (missing) => {
    const all = [created, regenerated, invalidated];
    expectBreach(
      (s) => tell(s.replace('g', 100, 2).call('i', 300, { kind: 'invalidate' }), all),
      (s) =>
        tell(
          s,
          all.filter(({ type }) => type !== missing),
        ),
      each,
    );
  });

  test('that a session was ended with its subject', () => {
    const events = [created, { ...regenerated, subject: 'u' }];
    expectBreach(
      (s) => tell(s.login('l', 100, 2).revoke('e', 200), [...events, { type: 'revoked', at: 220, subject: 'u' }]),
      (s) => tell(s, events),
      each,
    );
  });

  test('that a session has expired', () => {
    expectBreach(
      (s) => tell(s.update('1', 2000, notFound), [created, { type: 'expired', at: 2500 }]),
      (s) => tell(s, [created]),
      each,
      new Story({ idleTimeoutMs: 500 }),
    );
  });

  test('of what it began to watch before, unless Redis has lost it', () => {
    expectBreach(
      (s) => tell(s.replace('g', 100, 2), [], { since: 105 }),
      (s) => tell(s, [created], { since: -10 }),
      each,
    );
    const story = new Story().replace('g', 100, 2);
    story.fault({ injected: 90, possible: 150, loss: { what: 'recent', from: 90, until: 150 } });
    tell(story, [created]);
    expect(brokenBy(story.history)).toEqual([]);
  });
});

describe('the checker rejects a history in which a watcher is told', () => {
  const add = (s: Story, ...more: readonly Told[]): void => tell(s, [...(s.watched[0]?.events ?? []), ...more]);

  test.each(['regenerated', 'invalidated', 'revoked', 'expired', 'replaced_token_used'] as const)(
    'that a session was %s, which nothing has done',
    (type) => {
      expectBreach(
        (s) => tell(s, [created]),
        (s) => add(s, { type, at: 300, version: 3 }),
        invented,
      );
    },
  );

  test('of a session that nobody has created', () => {
    expectBreach(
      (s) =>
        tell(s.call('c', 100, { kind: 'create' }, maybe(), { session: 'c', token: 'c' }), [
          created,
          { ...created, handle: 'h2' },
        ]),
      (s) => add(s, { ...created, handle: 'h3' }),
      invented,
    );
  });

  test('of the use of a replaced token without a grace', () => {
    expectBreach(
      (s) =>
        tell(s.replace('g', 100, 2, 50).withToken('s').update('1', 300, notFound), [
          ...[created, regenerated],
          { type: 'replaced_token_used', at: 320, version: 2 },
        ]),
      (s) => s.operations.splice(1, 1, { ...s.operations[1]!, call: { kind: 'regenerate' } }),
      invented,
    );
  });

  test('of the end of a session that is found later', () => {
    expectBreach(
      (s) => tell(s.call('i', 300, { kind: 'invalidate' }, maybe()), [created, invalidated]),
      (s) => s.update('1', 400, { version: 2 }),
      invented,
    );
  });

  test('of two beginnings of a session', () => {
    expectBreach(
      (s) => tell(s, [created]),
      (s) => add(s, { ...created, time: 330 }),
      invented,
    );
  });

  test('of two ends of a session', () => {
    expectBreach(
      (s) => tell(s.call('i', 300, { kind: 'invalidate' }), [created, invalidated]),
      (s) => add(s, { ...invalidated, time: 330 }),
      invented,
    );
  });

  test('of another subject', () => {
    expectBreach(
      (s) => tell(s.login('l', 100, 2), [created, { ...regenerated, subject: 'u' }]),
      (s) => tell(s, [created, { ...regenerated, subject: 'v' }]),
      invented,
    );
  });

  test('twice, without a fault', () => {
    expectBreach(
      (s) => {
        tell(s, [created, created]);
        s.fault({ injected: 10, possible: 15 });
      },
      (s) => s.faults.splice(0),
      'each event is reported once',
    );
  });

  test('in another order', () => {
    const later = { ...regenerated, version: 3, at: 220 };
    const order = 'the events of a session are in order';
    const make = () => new Story().replace('g', 100, 2).replace('g2', 200, 3);
    expectBreach(
      (s) => tell(s, [created, regenerated, later]),
      (s) => tell(s, [created, later, regenerated]),
      order,
      make(),
    );
    for (const events of [
      [regenerated, created, later, invalidated],
      [created, regenerated, invalidated, later],
    ]) {
      const story = make().call('i', 300, { kind: 'invalidate' });
      tell(story, events);
      expect(brokenBy(story.history)).toContain(order);
    }
  });

  test('that its cursor has expired, although nothing was lost', () => {
    const restarts = [{ at: 150, code: 'CURSOR_EXPIRED' }];
    expectBreach(
      (s) => {
        tell(s, [created], { restarts });
        s.fault({ injected: 100, possible: 120, loss: { what: 'sessions', from: 100, until: 120 } });
      },
      (s) => s.faults.splice(0),
      'a watcher goes on where it was',
    );
  });
});
