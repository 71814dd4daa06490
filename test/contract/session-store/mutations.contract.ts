import { describe, expect, test } from '@jest/globals';
import type { Mutation } from '../../../server/src/session/session-update';
import { set, append, increment, push } from './fixture';
import type { StoreFixture } from './fixture';

/** What session-store.ts says of mutations that meet, in one change and in several. */
export function describeMutations(fixture: StoreFixture): void {
  const { create, apply, dataOf } = fixture;

  describe('arrays and queues that one update changes several times', () => {
    test('an array that is read, taken, replaced and removed between appends is correct after each step', async () => {
      const session = await create();
      const held: Mutation = { kind: 'set_if_absent', key: 'a', value: Buffer.from('0') };
      const { results } = await apply(
        session,
        set('a', ' [1] '),
        append('a', '1', true),
        held,
        append('a', '2'),
        held,
        append('a', '2', true),
        append('a', '3'),
        { kind: 'take', key: 'a' },
        append('a', '4', true),
        { kind: 'delete', key: 'a' },
        append('a', '4', true),
        { kind: 'clear' },
        append('a', '5', true),
        append('b', '5', true),
        held,
      );
      const values = results.map(({ applied, value }) => [applied, value?.toString()]);
      expect(values.filter(([, value]) => value !== undefined)).toEqual([
        [false, ' [1] '],
        [false, '[1,2]'],
        [true, '[1,2,3]'],
        [false, '[5]'],
      ]);
      expect(values.map(([applied]) => applied)).toEqual(
        [1, 0, 0, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0].map((applied) => applied === 1),
      );
      await expect(dataOf(session)).resolves.toEqual({ a: '[5]', b: '[5]' });
    });

    test('an append that changes nothing leaves the text as it is', async () => {
      const session = await create();
      await apply(session, set('a', ' [ 1 , "x y" ] '));
      await apply(session, append('a', '"x y"', true), append('a', '1', true));
      await expect(dataOf(session)).resolves.toEqual({ a: ' [ 1 , "x y" ] ' });
    });

    test('keys keep their order when others are removed and come again', async () => {
      const session = await create();
      await apply(session, ...['a', 'b', 'c', 'd'].map((key) => set(key, '[]')));
      await apply(
        session,
        { kind: 'delete', key: 'b' },
        append('c', '1'),
        { kind: 'take', key: 'a' },
        set('b', '1'),
        append('e', '1'),
        append('a', '1'),
      );
      expect(Object.keys(await dataOf(session))).toEqual(['c', 'd', 'b', 'e', 'a']);
    });

    test('unless_present finds messages that the same update pushed, but not those that it popped', async () => {
      const session = await create();
      const { results } = await apply(
        session,
        push('', '1', true),
        push('', '2'),
        push('', '2', true),
        push('other', '2', true),
        { kind: 'pop_flash', queue: '' },
        push('', '2', true),
        push('', '2', true),
      );
      expect(results.map(({ applied }) => applied)).toEqual([true, true, false, true, true, true, false]);
      const flash = (await fixture.store.load(session))?.session.flash;
      expect([...(flash?.keys() ?? [])]).toEqual(['other', '']);
      expect(flash?.get('')).toEqual([Buffer.from('2')]);
    });
  });

  describe('flash queues', () => {
    test('keep messages in order, separately by queue, with duplicates unless excluded', async () => {
      const session = await create();
      await apply(session, push('', '"a"'), push('', '"a"'), push('errors', '"b"'));
      const { results } = await apply(session, push('', '"a"', true), push('errors', '"a"', true));
      expect(results).toEqual([{ applied: false }, { applied: true }]);
      expect((await fixture.store.load(session))?.session.flash).toEqual(
        new Map([
          ['', [Buffer.from('"a"'), Buffer.from('"a"')]],
          ['errors', [Buffer.from('"b"'), Buffer.from('"a"')]],
        ]),
      );
    });

    test('a popped message is gone; other queues stay; an empty queue gives nothing', async () => {
      const session = await create();
      await apply(session, push('', '"a"'), push('', '"b"'), push('errors', '"c"'));
      const first = await apply(session, { kind: 'pop_flash', queue: '' });
      const second = await apply(session, { kind: 'pop_flash', queue: '' });
      expect(first.results).toEqual([{ applied: true, messages: [Buffer.from('"a"'), Buffer.from('"b"')] }]);
      expect(second.results).toEqual([{ applied: false, messages: [] }]);
      expect((await fixture.store.load(session))?.session.flash).toEqual(new Map([['errors', [Buffer.from('"c"')]]]));
    });
  });

  describe('atomicity', () => {
    test('parallel increments, appends and pushes are all kept', async () => {
      const session = await create();
      await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          apply(session, increment('n', 1), append('list', String(index)), push('', String(index))),
        ),
      );
      const loaded = await fixture.store.load(session);
      expect(loaded?.session.version).toBe(51);
      expect(loaded?.session.data.get('n')?.toString()).toBe('50');
      const numbers = JSON.parse(loaded?.session.data.get('list')?.toString() ?? '') as number[];
      expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index));
      expect(loaded?.session.flash.get('')).toHaveLength(50);
    });

    test('a popped message is never popped again', async () => {
      const session = await create();
      await apply(session, ...Array.from({ length: 20 }, (_, index) => push('', String(index))));
      const pops = await Promise.all(
        Array.from({ length: 20 }, () => apply(session, { kind: 'pop_flash', queue: '' })),
      );
      const popped = pops.flatMap(({ results }) => results[0]?.messages ?? []);
      expect(popped.map(Number)).toEqual(Array.from({ length: 20 }, (_, index) => index));
    });
  });
}
