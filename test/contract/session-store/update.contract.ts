import { describe, expect, test } from '@jest/globals';
import type { Mutation } from '../../../server/src/session/session-update';
import { generousLimits, twentyMinutes } from '../../support/store-harness';
import { newSession, set, append, increment, push, minute } from './fixture';
import type { StoreFixture } from './fixture';

/** What session-store.ts says of changing a session. */
export function describeUpdate(fixture: StoreFixture): void {
  const { startWith, create, apply, dataOf } = fixture;

  describe('update()', () => {
    test('changes only what it names, and keeps the order in which keys were first written', async () => {
      const session = await create();
      await apply(session, set('a', '1'), set('b', '2'), set('c', '3'));
      await apply(session, { kind: 'delete', key: 'b' }, set('a', '10'), set('b', '20'));
      await expect(dataOf(session)).resolves.toEqual({ a: '10', b: '20', c: '3' });
      expect(Object.keys(await dataOf(session))).toEqual(['a', 'c', 'b']);
    });

    test('applies mutations in order, each seeing the effect of those before it', async () => {
      const session = await create();
      const { results } = await apply(
        session,
        set('n', '1'),
        { kind: 'increment', key: 'n', by: 41 },
        { kind: 'set_if_absent', key: 'n', value: Buffer.from('0') },
        { kind: 'take', key: 'n' },
        { kind: 'take', key: 'n' },
        { kind: 'set_if_absent', key: 'n', value: Buffer.from('7') },
        { kind: 'delete', key: 'n' },
        { kind: 'delete', key: 'n' },
      );
      expect(results).toEqual([
        { applied: true },
        { applied: true, value: Buffer.from('42') },
        { applied: false, value: Buffer.from('42') },
        { applied: true, value: Buffer.from('42') },
        { applied: false },
        { applied: true, value: Buffer.from('7') },
        { applied: true },
        { applied: false },
      ]);
    });

    test('clear removes the data and leaves flash messages, CSRF token and subject', async () => {
      const session = await create({ subject: 'ada' });
      await apply(session, set('a', '1'), push('', '"hello"'));
      const { results } = await apply(session, { kind: 'clear' }, { kind: 'clear' }, set('b', '2'));
      expect(results.map(({ applied }) => applied)).toEqual([true, false, true]);
      const loaded = await fixture.store.load(session);
      expect(loaded?.session).toMatchObject({
        data: new Map([['b', Buffer.from('2')]]),
        flash: new Map([['', [Buffer.from('"hello"')]]]),
        csrfToken: session.csrfToken,
        subject: 'ada',
      });
    });

    test.each([
      ['nothing', undefined, '1', '[1]'],
      ['an empty array', '[]', '1', '[1]'],
      ['an empty array with space', ' [ \n] ', '1', '[ \n1]'],
      ['an array', '[1, "a]"]', '{"b":2}', '[1, "a]",{"b":2}]'],
    ])('append adds to %s', async (_what, held, element, expected) => {
      const session = await create();
      if (held !== undefined) await apply(session, set('list', held));
      const { results } = await apply(session, append('list', element));
      expect(results).toEqual([{ applied: true }]);
      await expect(dataOf(session)).resolves.toEqual({ list: expected });
    });

    test.each([
      ['[1,2]', '2', false],
      ['[1,2]', '3', true],
      ['[12]', '2', true],
      ['[[2],[3,4]]', '2', true],
      ['[[2],[3,4]]', '[3, 4]', false],
      ['[{"a": [1, 2], "b":"x y"}]', '{"a":[1,2],"b":"x y"}', false],
      ['[{"a":1,"b":"xy"}]', '{"a":1,"b":"x y"}', true],
      ['["a,b", "c\\"],"]', '"c\\"],"', false],
      ['["a,b"]', '"a"', true],
      ['["\\\\"]', '"\\\\"', false],
      ['[ ]', 'null', true],
    ])('append unless_present to %s of %s: applied %s', async (held, element, applied) => {
      const session = await create();
      await apply(session, set('list', held));
      const { results } = await apply(session, append('list', element, true));
      expect(results).toEqual([{ applied }]);
    });

    test('appends of one update see each other, whatever the array', async () => {
      const session = await create();
      const { results } = await apply(
        session,
        append('list', '[1]', true),
        append('list', '[ 1 ]', true),
        append('other', '[1]', true),
        append('list', '2'),
        append('list', '2', true),
        append('other', '2', true),
        set('list', '[]'),
        append('list', '2', true),
      );
      expect(results.map(({ applied }) => applied)).toEqual([true, false, true, true, false, true, true, true]);
      await expect(dataOf(session)).resolves.toEqual({ list: '[2]', other: '[[1],2]' });
    });

    test.each<[string, string, Mutation, string]>([
      ['append to a string', '"[1]"', append('k', '1'), 'no_json_array'],
      ['append to an object', '{"a":[1]}', append('k', '1'), 'no_json_array'],
      ['append to a number', '1', append('k', '1', true), 'no_json_array'],
      ['increment of a string', '"1"', increment('k', 1), 'no_json_integer'],
      ['increment of a fraction', '1.5', increment('k', 1), 'no_json_integer'],
      ['increment of 007', '007', increment('k', 1), 'no_json_integer'],
      ['increment past 2^53-1', '9007199254740990', increment('k', 2), 'integer_overflow'],
      ['increment past -2^53+1', '-9007199254740990', increment('k', -2), 'integer_overflow'],
      [
        'increment of a number that is too large',
        '123456789012345678901234567890',
        increment('k', -1),
        'integer_overflow',
      ],
    ])('refuses %s, and stores nothing', async (_what, held, mutation, problem) => {
      const session = await create();
      await apply(session, set('k', held));
      await expect(fixture.store.update(session, { mutations: [set('other', '1'), mutation] })).resolves.toEqual({
        status: 'refused',
        refusal: { kind: 'operand', mutation: 1, problem },
      });
      await expect(dataOf(session)).resolves.toEqual({ k: held });
    });

    test.each([
      ['-9007199254740991', 1, '-9007199254740990'],
      ['9007199254740990', 1, '9007199254740991'],
      ['-5', 5, '0'],
      ['0', -1, '-1'],
    ])('increment of %s by %d is %s', async (held, by, sum) => {
      const session = await create();
      await apply(session, set('n', held));
      const { results } = await apply(session, increment('n', by));
      expect(results[0]?.value?.toString()).toBe(sum);
      await expect(dataOf(session)).resolves.toEqual({ n: sum });
    });

    test('the version grows by one if anything changed, by however many mutations, and not otherwise', async () => {
      const session = await create();
      const versions = [
        await apply(session, set('a', '1'), set('b', '2')),
        await apply(session, { kind: 'delete', key: 'missing' }, { kind: 'pop_flash', queue: '' }),
        await apply(session),
        await apply(session, push('', '1')),
        await fixture.store.update(session, { csrfToken: 'another' }),
        await fixture.store.update(session, { idleTimeout: minute }),
        await fixture.store.update(session, { subject: 'ada' }),
      ].map((outcome) => (outcome.status === 'updated' ? outcome.session.version : outcome.status));
      expect(versions).toEqual([2, 2, 2, 3, 4, 5, 6]);
      expect((await fixture.store.load(session))?.session.version).toBe(6);
    });

    test('rejects an update whose ifVersion does not match, returns the version, and stores nothing', async () => {
      const session = await create();
      await apply(session, set('a', '1'));
      await expect(fixture.store.update(session, { ifVersion: 1, mutations: [set('a', '2')] })).resolves.toEqual({
        status: 'version_mismatch',
        version: 2,
      });
      await expect(fixture.store.update(session, { ifVersion: 2, mutations: [set('a', '3')] })).resolves.toMatchObject({
        status: 'updated',
      });
      await expect(dataOf(session)).resolves.toEqual({ a: '3' });
    });

    test('rejects an update that would exceed a limit, and stores nothing', async () => {
      await startWith(twentyMinutes, { ...generousLimits, maxSessionBytes: 100, maxKeys: 3, maxFlashMessages: 2 });
      const session = await create();
      await apply(session, set('a', '1'.repeat(90)));
      const refusals = [
        [set('b', '2'.repeat(9))],
        [set('b', '2'), set('c', '3'), set('d', '4')],
        [push('q', '1'), push('q', '2'), push('q', '3')],
        [push('long name', '1')],
      ];
      const limits = [];
      for (const mutations of refusals) limits.push(await fixture.store.update(session, { mutations }));
      expect(limits).toEqual(
        ['maxSessionBytes', 'maxKeys', 'maxFlashMessages', 'maxSessionBytes'].map((limit) => ({
          status: 'refused',
          refusal: { kind: 'limit', limit },
        })),
      );
      await expect(dataOf(session)).resolves.toEqual({ a: '1'.repeat(90) });
      await apply(session, set('b', '2'.repeat(8)));
    });

    test('rejects a flash queue past the limit, but not more messages or a queue that replaces another', async () => {
      await startWith(twentyMinutes, { ...generousLimits, maxFlashQueues: 2 });
      const session = await create();
      await apply(session, push('a', '1'), push('', '1'));
      const third = { mutations: [push('b', '1')] };
      const refusal = { kind: 'limit', limit: 'maxFlashQueues' };
      await expect(fixture.store.update(session, third)).resolves.toEqual({ status: 'refused', refusal });
      await apply(session, push('a', '2'), { kind: 'pop_flash', queue: '' }, push('b', '1'));
      expect([...((await fixture.store.load(session))?.session.flash.keys() ?? [])]).toEqual(['a', 'b']);
    });

    test('lets a session that already exceeds a limit shrink or stay, but not grow', async () => {
      await startWith(twentyMinutes, { ...generousLimits, maxSessionBytes: 4, maxKeys: 1, maxFlashMessages: 1 });
      const data = new Map([
        ['a', Buffer.from('11')],
        ['b', Buffer.from('22')],
      ]);
      const session = await create({
        content: { data, flash: new Map([['', [Buffer.from('1'), Buffer.from('2')]]]) },
      });
      for (const [mutation, limit] of [
        [set('c', '3'), 'maxKeys'],
        [set('a', '111'), 'maxSessionBytes'],
        [push('', '3'), 'maxFlashMessages'],
      ] as const) {
        const refused = { status: 'refused', refusal: { kind: 'limit', limit } };
        await expect(fixture.store.update(session, { mutations: [mutation] })).resolves.toEqual(refused);
      }
      await apply(session, set('a', '12'));
      await fixture.store.update(session, { csrfToken: 'another' });
      await apply(session, { kind: 'delete', key: 'b' });
      await apply(session, { kind: 'pop_flash', queue: '' });
      await expect(dataOf(session)).resolves.toEqual({ a: '12' });
    });

    test('an update may exceed a limit on the way if it ends below', async () => {
      await startWith(twentyMinutes, { ...generousLimits, maxSessionBytes: 20, maxKeys: 2, maxFlashMessages: 1 });
      const long = '2'.repeat(30);
      const waysDown: Mutation[][] = [
        [set('b', long), { kind: 'clear' }],
        [set('b', long), { kind: 'delete', key: 'b' }],
        [set('b', long), { kind: 'take', key: 'b' }],
        [set('b', long), set('b', '2'), { kind: 'delete', key: 'b' }],
        [push('q', long), push('q', '2'), { kind: 'pop_flash', queue: 'q' }],
      ];
      for (const way of waysDown) {
        const session = await create();
        await apply(session, ...way, set('c', '3'.repeat(19)));
        await expect(dataOf(session)).resolves.toEqual({ c: '3'.repeat(19) });
        const refusal = { kind: 'limit', limit: 'maxSessionBytes' };
        const oneMore = fixture.store.update(session, { mutations: [push('', '4')] });
        await expect(oneMore).resolves.toEqual({ status: 'refused', refusal });
      }
    });

    test('replaces the secret of a session: the old one is invalid at once, and everything else stays', async () => {
      const session = await create({ subject: 'ada' });
      await apply(session, set('a', '1'), push('', '"hi"'));
      const { secretHash } = newSession();
      await fixture.store.update(session, { secretHash, csrfToken: 'fresh', mutations: [set('user', '7')] });
      await expect(fixture.store.load(session)).resolves.toBeUndefined();
      await expect(fixture.store.update(session, { mutations: [set('a', '2')] })).resolves.toEqual({
        status: 'not_found',
      });
      await expect(fixture.store.delete(session)).resolves.toBe(false);
      const loaded = await fixture.store.load({ handle: session.handle, secretHash });
      expect(loaded?.session).toMatchObject({
        data: new Map([
          ['a', Buffer.from('1')],
          ['user', Buffer.from('7')],
        ]),
        flash: new Map([['', [Buffer.from('"hi"')]]]),
        csrfToken: 'fresh',
        subject: 'ada',
        version: 3,
      });
    });

    test('sets a subject, and the empty one removes it', async () => {
      const session = await create();
      await fixture.store.update(session, { subject: 'ada' });
      expect((await fixture.store.load(session))?.session.subject).toBe('ada');
      await fixture.store.update(session, { subject: '' });
      expect((await fixture.store.load(session))?.session.subject).toBeUndefined();
    });
  });
}
