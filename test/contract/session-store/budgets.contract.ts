import { describe, expect, test } from '@jest/globals';
import type { Mutation } from '../../../server/src/session/session-update';
import { generousLimits, twentyMinutes } from '../../support/store-harness';
import { set, append, increment, push, times } from './fixture';
import type { StoreFixture } from './fixture';

/** What session-store.ts says of the work and the reply of one request. */
export function describeBudgets(fixture: StoreFixture): void {
  const { startWith, create, apply, dataOf } = fixture;

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
      '%s: rejected past %s, with nothing stored, and applied if the budget is larger',
      async (_what, limit, mutations) => {
        await startWith(twentyMinutes, limits);
        const session = await create();
        const refused = { status: 'refused', refusal: { kind: 'limit', limit } };
        await expect(fixture.store.update(session, { mutations: [set('z', '1'), ...mutations] })).resolves.toEqual(
          refused,
        );
        expect(await fixture.store.load(session)).toMatchObject({
          session: { data: new Map(), flash: new Map(), version: 1 },
        });
        await startWith(twentyMinutes, generousLimits);
        await apply(await create(), ...mutations);
      },
    );

    test('a change that fits to the last byte is applied', async () => {
      await startWith(twentyMinutes, limits);
      const session = await create();
      await apply(session, setIfAbsent('a', text(50)), setIfAbsent('b', text(50)));
      await apply(session, set('a', text(98)), set('b', '[]'), append('b', '1'), { kind: 'clear' });
      const hundred = `["${text(96)}"]`;
      await apply(session, set('a', hundred), ...times(50, append('a', '1', true)), { kind: 'clear' });
    });

    test('the cost of a rejected mutation does not count', async () => {
      await startWith(twentyMinutes, limits);
      const session = await create();
      await apply(session, set('a', '"text"'));
      const mutations = [append('a', '1'), set('b', array), set('c', array), append('b', '1'), append('c', '1')];
      await expect(fixture.store.update(session, { mutations })).resolves.toEqual({
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
      const { results } = await apply(session, append('a', '1', true), push('q', text(30), true), take('a'), pop('q'));
      expect(results.map(({ applied }) => applied)).toEqual([false, false, true, true]);
      const again = [set('a', large), take('a')];
      const refused = { status: 'refused', refusal: { kind: 'limit', limit: 'maxReplyBytes' } };
      await expect(fixture.store.update(session, { mutations: again })).resolves.toEqual(refused);
    });

    test('a thousand appends to one large array cost as much as one', async () => {
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
}
