import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Mutation } from '../../server/src/session/session-update';
import { emptyContent } from '../../server/src/session/content';
import type { ExpiryPolicy } from '../../server/src/session/session';
import type { NewSession, SessionRef, SessionStore } from '../../server/src/session/session-store';
import { createTokens, randomSigningKey } from '../../server/src/tokens/token';
import { generousLimits, twentyMinutes } from '../support/store-harness';
import { describeDeadlines } from './deadlines.contract';
import type { MakeStore, StoreHarness } from '../support/store-harness';

const tokens = createTokens([randomSigningKey()]);
const minute = 60_000;

/** What session-store.ts says, sentence by sentence, on one implementation. */
export function describeSessionStore(name: string, makeStore: MakeStore): void {
  describeDeadlines(name, makeStore);
  describe(`SessionStore: ${name}`, () => {
    let harness: StoreHarness;
    let store: SessionStore;

    const startWith = async (expiry: ExpiryPolicy, limits = generousLimits): Promise<void> => {
      await harness.close();
      harness = await makeStore({ expiry, limits });
      store = harness.store;
    };

    beforeEach(async () => {
      harness = await makeStore({ expiry: twentyMinutes, limits: generousLimits });
      store = harness.store;
    });

    afterEach(() => harness.close());

    const create = async (session: Partial<NewSession> = {}): Promise<NewSession> => {
      const created = newSession(session);
      await store.create(created);
      return created;
    };

    const apply = async (ref: SessionRef, ...mutations: Mutation[]) => {
      const outcome = await store.update(ref, { mutations });
      if (outcome.status !== 'updated') throw new Error(`Expected an update, got ${outcome.status}.`);
      return outcome;
    };

    const dataOf = async (ref: SessionRef): Promise<Record<string, string>> => {
      const loaded = await store.load(ref);
      if (loaded === undefined) throw new Error('Expected the session to be there.');
      return Object.fromEntries([...loaded.session.data].map(([key, value]) => [key, value.toString()]));
    };

    describe('naming a session', () => {
      test('where handle and secret hash do not belong together, it answers as if there had never been a session', async () => {
        const session = await create();
        const stranger = { handle: session.handle, secretHash: newSession().secretHash };
        await expect(store.load(stranger)).resolves.toBeUndefined();
        await expect(store.update(stranger, { mutations: [set('a', '1')] })).resolves.toEqual({ status: 'not_found' });
        await expect(store.delete(stranger)).resolves.toBe(false);
        await expect(dataOf(session)).resolves.toEqual({});
      });

      test('an unknown session is an answer, not an error', async () => {
        const nobody = newSession();
        await expect(store.load(nobody)).resolves.toBeUndefined();
        await expect(store.update(nobody, {})).resolves.toEqual({ status: 'not_found' });
        await expect(store.delete(nobody)).resolves.toBe(false);
      });
    });

    describe('create()', () => {
      test('stores a new session at version 1, with everything it was given', async () => {
        const session = newSession({
          content: {
            data: new Map([
              ['user', Buffer.from('{"id":7,"name":"Ada"}')],
              ['naïve key \u{1f36a}', Buffer.from([0, 10, 255, 32, 61])],
              ['__proto__', Buffer.from('1')],
            ]),
            flash: new Map([
              ['', [Buffer.from('"Saved"'), Buffer.from('a\nb')]],
              ['two words', [Buffer.from('1')]],
            ]),
          },
          subject: 'user 7',
          idleTimeout: 5 * minute,
        });
        const state = await store.create(session);
        const loaded = await store.load(session);
        expect(loaded?.session).toEqual({
          handle: session.handle,
          csrfToken: session.csrfToken,
          subject: 'user 7',
          idleTimeout: 5 * minute,
          version: 1,
          created: state.created,
          accessed: state.created,
          expires: state.expires,
          ...session.content,
          bytes: 75,
        });
        expect([...(loaded?.session.data.keys() ?? [])]).toEqual([...session.content.data.keys()]);
      });

      test('refuses to overwrite a session', async () => {
        const session = await create({ content: { data: new Map([['a', Buffer.from('1')]]), flash: new Map() } });
        await expect(store.create({ ...newSession(), handle: session.handle })).rejects.toThrow(/already exists/);
        await expect(dataOf(session)).resolves.toEqual({ a: '1' });
      });
    });

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
        const loaded = await store.load(session);
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

      test('appends of one change see each other, in whatever array each finds', async () => {
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
        await expect(store.update(session, { mutations: [set('other', '1'), mutation] })).resolves.toEqual({
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
          await store.update(session, { csrfToken: 'another' }),
          await store.update(session, { idleTimeout: 1000 }),
          await store.update(session, { subject: 'ada' }),
        ].map((outcome) => (outcome.status === 'updated' ? outcome.session.version : outcome.status));
        expect(versions).toEqual([2, 2, 2, 3, 4, 5, 6]);
        expect((await store.load(session))?.session.version).toBe(6);
      });

      test('refuses when ifVersion does not hold, tells the version, and stores nothing', async () => {
        const session = await create();
        await apply(session, set('a', '1'));
        await expect(store.update(session, { ifVersion: 1, mutations: [set('a', '2')] })).resolves.toEqual({
          status: 'version_mismatch',
          version: 2,
        });
        await expect(store.update(session, { ifVersion: 2, mutations: [set('a', '3')] })).resolves.toMatchObject({
          status: 'updated',
        });
        await expect(dataOf(session)).resolves.toEqual({ a: '3' });
      });

      test('refuses what would outgrow a limit, and stores nothing', async () => {
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
        for (const mutations of refusals) limits.push(await store.update(session, { mutations }));
        expect(limits).toEqual(
          ['maxSessionBytes', 'maxKeys', 'maxFlashMessages', 'maxSessionBytes'].map((limit) => ({
            status: 'refused',
            refusal: { kind: 'limit', limit },
          })),
        );
        await expect(dataOf(session)).resolves.toEqual({ a: '1'.repeat(90) });
        await apply(session, set('b', '2'.repeat(8)));
      });

      test('refuses more flash queues than may have messages, but not more messages or another queue in place of one', async () => {
        await startWith(twentyMinutes, { ...generousLimits, maxFlashQueues: 2 });
        const session = await create();
        await apply(session, push('a', '1'), push('', '1'));
        const third = { mutations: [push('b', '1')] };
        const refusal = { kind: 'limit', limit: 'maxFlashQueues' };
        await expect(store.update(session, third)).resolves.toEqual({ status: 'refused', refusal });
        await apply(session, push('a', '2'), { kind: 'pop_flash', queue: '' }, push('b', '1'));
        expect([...((await store.load(session))?.session.flash.keys() ?? [])]).toEqual(['a', 'b']);
      });

      test('lets a session that is past a limit already shrink or stay, but not grow', async () => {
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
          await expect(store.update(session, { mutations: [mutation] })).resolves.toEqual(refused);
        }
        await apply(session, set('a', '12'));
        await store.update(session, { csrfToken: 'another' });
        await apply(session, { kind: 'delete', key: 'b' });
        await apply(session, { kind: 'pop_flash', queue: '' });
        await expect(dataOf(session)).resolves.toEqual({ a: '12' });
      });

      test('a change may pass a limit on its way if it ends below', async () => {
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
          const oneMore = store.update(session, { mutations: [push('', '4')] });
          await expect(oneMore).resolves.toEqual({ status: 'refused', refusal });
        }
      });

      test('gives a session another secret: the old one is dead at once, and everything else stays', async () => {
        const session = await create({ subject: 'ada' });
        await apply(session, set('a', '1'), push('', '"hi"'));
        const { secretHash } = newSession();
        await store.update(session, { secretHash, csrfToken: 'fresh', mutations: [set('user', '7')] });
        await expect(store.load(session)).resolves.toBeUndefined();
        await expect(store.update(session, { mutations: [set('a', '2')] })).resolves.toEqual({ status: 'not_found' });
        await expect(store.delete(session)).resolves.toBe(false);
        const loaded = await store.load({ handle: session.handle, secretHash });
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

      test('sets a subject, and the empty one takes it away', async () => {
        const session = await create();
        await store.update(session, { subject: 'ada' });
        expect((await store.load(session))?.session.subject).toBe('ada');
        await store.update(session, { subject: '' });
        expect((await store.load(session))?.session.subject).toBeUndefined();
      });
    });

    describe('the budgets of one request', () => {
      const array = `[${'1,'.repeat(40)}1]`;
      const limits = { ...generousLimits, maxReplyBytes: 100, maxWorkBytes: 100 };
      const text = (bytes: number) => 'x'.repeat(bytes);
      const pop = (queue: string): Mutation => ({ kind: 'pop_flash', queue });
      const take = (key: string): Mutation => ({ kind: 'take', key });
      const setIfAbsent = (key: string, json: string): Mutation => ({
        kind: 'set_if_absent',
        key,
        value: Buffer.from(json),
      });
      const setMany = Array.from({ length: 3 }, (_, index) => set(`k${index}`, text(34)));

      const tooMuch: [string, 'maxReplyBytes' | 'maxWorkBytes', Mutation[]][] = [
        ['a value returned again and again', 'maxReplyBytes', [set('a', text(34)), ...times(3, setIfAbsent('a', '1'))]],
        ['values that set_if_absent stores', 'maxReplyBytes', [setIfAbsent('a', text(50)), setIfAbsent('b', text(51))]],
        ['values taken', 'maxReplyBytes', [...setMany, ...setMany.map((_, index) => take(`k${index}`))]],
        ['messages popped', 'maxReplyBytes', [...times(3, push('q', text(34))), pop('q')]],
        ['numbers', 'maxReplyBytes', [set('n', '100000'), ...times(17, increment('n', 1))]],
        [
          'an array that grows while it is returned',
          'maxReplyBytes',
          times(5, append('a', '12345678'), setIfAbsent('a', '1')),
        ],
        ['arrays put there again and again', 'maxWorkBytes', times(2, set('a', array), append('a', '1'))],
        [
          'arrays under several keys',
          'maxWorkBytes',
          [set('a', array), set('b', array), ...['a', 'b'].map((key) => append(key, '1', true))],
        ],
        ['a queue searched for a message', 'maxWorkBytes', [...times(3, push('q', text(34))), push('q', '1', true)]],
      ];

      test.each(tooMuch)(
        '%s: refused past %s, with nothing stored, and done where the budget is larger',
        async (_what, limit, mutations) => {
          await startWith(twentyMinutes, limits);
          const session = await create();
          const refused = { status: 'refused', refusal: { kind: 'limit', limit } };
          await expect(store.update(session, { mutations: [set('z', '1'), ...mutations] })).resolves.toEqual(refused);
          expect(await store.load(session)).toMatchObject({
            session: { data: new Map(), flash: new Map(), version: 1 },
          });
          await startWith(twentyMinutes, generousLimits);
          await apply(await create(), ...mutations);
        },
      );

      test('all but the last byte too many is done', async () => {
        await startWith(twentyMinutes, limits);
        const session = await create();
        await apply(session, setIfAbsent('a', text(50)), setIfAbsent('b', text(50)));
        await apply(session, set('a', text(98)), set('b', '[]'), append('b', '1'), { kind: 'clear' });
        const hundred = `["${text(96)}"]`;
        await apply(session, set('a', hundred), ...times(50, append('a', '1', true)), { kind: 'clear' });
      });

      test('what a refused mutation would have cost, or got in the way of, does not matter', async () => {
        await startWith(twentyMinutes, limits);
        const session = await create();
        await apply(session, set('a', '"text"'));
        const mutations = [append('a', '1'), set('b', array), set('c', array), append('b', '1'), append('c', '1')];
        await expect(store.update(session, { mutations })).resolves.toEqual({
          status: 'refused',
          refusal: { kind: 'operand', mutation: 0, problem: 'no_json_array' },
        });
      });

      test('a session that is larger may be returned and worked through once', async () => {
        const large = `[${'1,'.repeat(80)}1]`;
        await startWith(twentyMinutes, limits);
        const data = new Map([['a', Buffer.from(large)]]);
        const flash = new Map([['q', [Buffer.from(text(120)), Buffer.from(text(30))]]]);
        const session = await create({ content: { data, flash } });
        const { results } = await apply(
          session,
          append('a', '1', true),
          push('q', text(30), true),
          take('a'),
          pop('q'),
        );
        expect(results.map(({ applied }) => applied)).toEqual([false, false, true, true]);
        const again = [set('a', large), take('a')];
        const refused = { status: 'refused', refusal: { kind: 'limit', limit: 'maxReplyBytes' } };
        await expect(store.update(session, { mutations: again })).resolves.toEqual(refused);
      });

      test('a thousand appends to one large array cost what one does', async () => {
        await startWith(twentyMinutes, { ...generousLimits, maxWorkBytes: 200_000 });
        const session = await create();
        await apply(session, set('a', `[${'1,'.repeat(99_000)}1]`));
        const numbers = Array.from({ length: 1000 }, (_, index) => index);
        const added = await apply(session, ...numbers.map((index) => append('a', `"x${index}"`, index % 2 === 0)));
        expect(added.results.every(({ applied }) => applied)).toBe(true);
        const again = await apply(session, ...numbers.map((index) => append('a', `"x${index}"`, true)));
        expect(again.results.some(({ applied }) => applied)).toBe(false);
        const stored = (await dataOf(session))['a'] ?? '';
        expect((JSON.parse(stored) as unknown[]).slice(99_001)).toEqual(numbers.map((index) => `x${index}`));
      });
    });

    describe('arrays and queues that one change works on several times', () => {
      test('an array that is read, taken, replaced and removed between appends is what each leaves', async () => {
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

      test('messages that are pushed and popped are found by those that must not be twice, and not after', async () => {
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
        const flash = (await store.load(session))?.session.flash;
        expect([...(flash?.keys() ?? [])]).toEqual(['other', '']);
        expect(flash?.get('')).toEqual([Buffer.from('2')]);
      });
    });

    describe('flash queues', () => {
      test('keep messages in order, apart by queue, with duplicates unless told otherwise', async () => {
        const session = await create();
        await apply(session, push('', '"a"'), push('', '"a"'), push('errors', '"b"'));
        const { results } = await apply(session, push('', '"a"', true), push('errors', '"a"', true));
        expect(results).toEqual([{ applied: false }, { applied: true }]);
        expect((await store.load(session))?.session.flash).toEqual(
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
        expect((await store.load(session))?.session.flash).toEqual(new Map([['errors', [Buffer.from('"c"')]]]));
      });
    });

    describe('delete()', () => {
      test('removes a session, and says whether it was there', async () => {
        const session = await create();
        await expect(store.delete(session)).resolves.toBe(true);
        await expect(store.delete(session)).resolves.toBe(false);
        await expect(store.load(session)).resolves.toBeUndefined();
      });
    });

    describe('nothing but create() creates', () => {
      const ways: [string, (session: NewSession) => Promise<unknown>][] = [
        ['was deleted', (session) => store.delete(session)],
        ['has expired', () => harness.advance(twentyMinutes.idleTimeout! + minute)],
        ['was given another secret', (session) => store.update(session, { secretHash: newSession().secretHash })],
      ];

      test.each(ways)('no change brings back a session that %s, however late it comes', async (_what, end) => {
        const session = await create();
        await apply(session, set('a', '1'));
        await end(session);
        await expect(store.load(session)).resolves.toBeUndefined();
        for (const change of [
          { mutations: [set('a', '2')] },
          { mutations: [push('', '1')] },
          { csrfToken: 'new' },
          { secretHash: newSession().secretHash },
          { idleTimeout: 'never' as const },
          {},
        ]) {
          await expect(store.update(session, change)).resolves.toEqual({ status: 'not_found' });
        }
        await expect(store.load(session)).resolves.toBeUndefined();
      });
    });

    describe('expiry', () => {
      const idle = 20 * minute;

      test('a session lives at least its idle timeout from its last access, recorded or not', async () => {
        const session = await create();
        await harness.advance(minute - 1000);
        expect(await store.load(session)).toMatchObject({ touched: false });
        await harness.advance(idle);
        expect(await store.load(session)).toMatchObject({ touched: true });
      });

      test('and at most its idle timeout and one touch interval', async () => {
        const session = await create();
        await harness.advance(idle + minute);
        await expect(store.load(session)).resolves.toBeUndefined();
      });

      test('a load within the touch interval of a recorded access writes nothing', async () => {
        const session = await create();
        const before = await store.load(session);
        await harness.advance(minute - 1000);
        const after = await store.load(session);
        expect(before?.touched).toBe(false);
        expect(after?.touched).toBe(false);
        expect(sinceCreation(after?.session)).toEqual(sinceCreation(before?.session));
      });

      test('a load after the touch interval records the access and slides the end', async () => {
        const session = await create();
        await harness.advance(5 * minute);
        const loaded = await store.load(session);
        expect(loaded?.touched).toBe(true);
        expect(loaded?.session.version).toBe(1);
        const { accessed, expires } = sinceCreation(loaded?.session);
        expect(accessed).toBeGreaterThanOrEqual(5 * minute);
        expect(expires).toBe(accessed + idle + minute);
        expect(await store.load(session)).toMatchObject({ touched: false });
        await harness.advance(idle);
        await expect(store.load(session)).resolves.toBeDefined();
      });

      test('an update counts as an access, even one that changes nothing', async () => {
        const session = await create();
        await harness.advance(15 * minute);
        await apply(session, set('a', '1'));
        await harness.advance(15 * minute);
        await apply(session, { kind: 'delete', key: 'missing' });
        await harness.advance(15 * minute);
        await expect(dataOf(session)).resolves.toEqual({ a: '1' });
      });

      test('a session never lives past the greatest lifetime from its creation, however busy it is', async () => {
        await startWith({ idleTimeout: idle, touchInterval: undefined, maxLifetime: 60 * minute });
        const session = await create();
        for (let elapsed = 0; elapsed < 50; elapsed += 10) {
          await harness.advance(10 * minute);
          await expect(store.load(session)).resolves.toBeDefined();
        }
        expect(sinceCreation((await store.load(session))?.session).expires).toBe(60 * minute);
        await harness.advance(10 * minute);
        await expect(store.load(session)).resolves.toBeUndefined();
      });

      test('without an idle timeout a session never expires by itself', async () => {
        await startWith({ idleTimeout: undefined, touchInterval: undefined, maxLifetime: undefined });
        const session = await create({ idleTimeout: undefined });
        await harness.advance(365 * 24 * 60 * minute);
        expect((await store.load(session))?.session).toMatchObject({ idleTimeout: undefined, expires: undefined });
      });

      test("a session's own idle timeout holds, can be changed, and can be taken away", async () => {
        const session = await create({ idleTimeout: 2 * minute });
        await harness.advance(2 * minute);
        await store.update(session, { idleTimeout: 50 * minute });
        await harness.advance(50 * minute);
        await expect(store.load(session)).resolves.toBeDefined();
        await store.update(session, { idleTimeout: 'never' });
        await harness.advance(1000 * minute);
        await expect(store.load(session)).resolves.toBeDefined();
        await store.update(session, { idleTimeout: 2 * minute });
        await harness.advance(3 * minute);
        await expect(store.load(session)).resolves.toBeUndefined();
      });

      test('accesses keep a session alive whose idle timeout was made shorter', async () => {
        const session = await create();
        await store.load(session);
        await store.update(session, { idleTimeout: 10_000 });
        for (let elapsed = 0; elapsed < 40; elapsed += 8) {
          await harness.advance(8_000);
          await expect(store.load(session)).resolves.toMatchObject({ touched: true });
        }
      });

      test('the touch interval is a tenth of the idle timeout unless set', async () => {
        const session = await create({ idleTimeout: 100_000 });
        await harness.advance(9_000);
        expect(await store.load(session)).toMatchObject({ touched: false });
        await harness.advance(1_000);
        expect(await store.load(session)).toMatchObject({ touched: true });
      });

      test('a touch interval that is set holds, also above a tenth of the idle timeout', async () => {
        await startWith({ idleTimeout: idle, touchInterval: 10 * minute, maxLifetime: undefined });
        const session = await create();
        await harness.advance(9 * minute);
        expect(await store.load(session)).toMatchObject({ touched: false });
        await harness.advance(idle);
        expect(await store.load(session)).toMatchObject({ touched: true });
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
        const loaded = await store.load(session);
        expect(loaded?.session.version).toBe(51);
        expect(loaded?.session.data.get('n')?.toString()).toBe('50');
        const numbers = JSON.parse(loaded?.session.data.get('list')?.toString() ?? '') as number[];
        expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index));
        expect(loaded?.session.flash.get('')).toHaveLength(50);
      });

      test('a message popped by one is never popped by another', async () => {
        const session = await create();
        await apply(session, ...Array.from({ length: 20 }, (_, index) => push('', String(index))));
        const pops = await Promise.all(
          Array.from({ length: 20 }, () => apply(session, { kind: 'pop_flash', queue: '' })),
        );
        const popped = pops.flatMap(({ results }) => results[0]?.messages ?? []);
        expect(popped.map(Number)).toEqual(Array.from({ length: 20 }, (_, index) => index));
      });
    });
  });
}

function newSession(session: Partial<NewSession> = {}): NewSession {
  const { handle, secretHash } = tokens.issue();
  return {
    handle,
    secretHash,
    content: emptyContent,
    csrfToken: 'csrf-token',
    idleTimeout: twentyMinutes.idleTimeout,
    subject: undefined,
    ...session,
  };
}

/** Times as distances, which moving the store's time does not change. */
function sinceCreation(session: { created: number; accessed: number; expires: number | undefined } | undefined) {
  if (session === undefined) throw new Error('Expected the session to be there.');
  const { created, accessed, expires } = session;
  return { accessed: accessed - created, expires: expires === undefined ? undefined : expires - created };
}

function set(key: string, json: string): Mutation {
  return { kind: 'set', key, value: Buffer.from(json) };
}

function append(key: string, json: string, unlessPresent = false): Mutation {
  return { kind: 'append', key, value: Buffer.from(json), unlessPresent };
}

function increment(key: string, by: number): Mutation {
  return { kind: 'increment', key, by };
}

function push(queue: string, json: string, unlessPresent = false): Mutation {
  return { kind: 'push_flash', queue, message: Buffer.from(json), unlessPresent };
}

function times(count: number, ...mutations: readonly Mutation[]): Mutation[] {
  return Array.from({ length: count }, () => mutations).flat();
}
