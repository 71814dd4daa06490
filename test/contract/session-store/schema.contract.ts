import { beforeEach, describe, expect, test } from '@jest/globals';
import { DataCheck } from '../../../server/src/session/data-rule';
import type { DataRule } from '../../../server/src/session/data-rule';
import { generousLimits, twentyMinutes } from '../../support/store-harness';
import { append, increment, push, set, times } from './fixture';
import type { StoreFixture } from './fixture';

/** No value may contain an x. A stand-in for a JSON Schema. */
const withoutX: DataRule = {
  violationsOf: (data) =>
    [...data].flatMap(([key, value]) => (value.includes('x') ? [{ field: `/${key}`, description: 'Has an x.' }] : [])),
};

/** What session-store.ts says of data that has to be checked. */
export function describeSchema(fixture: StoreFixture): void {
  const { startWith, create, apply, dataOf } = fixture;

  describe('data that must follow a rule', () => {
    let check: DataCheck;

    beforeEach(async () => {
      check = new DataCheck(withoutX);
      await startWith(twentyMinutes, generousLimits, undefined, check);
    });

    const refused = (...keys: string[]) => ({
      status: 'refused',
      refusal: { kind: 'schema', violations: keys.map((key) => ({ field: `/${key}`, description: 'Has an x.' })) },
    });

    test('is refused with all that violates it, and nothing is stored', async () => {
      const session = await create();
      await apply(session, set('a', '"b"'));
      const mutations = [set('a', '"x"'), set('b', '1'), set('c', '["x"]')];
      await expect(fixture.store.update(session, { mutations })).resolves.toEqual(refused('a', 'c'));
      await expect(dataOf(session)).resolves.toEqual({ a: '"b"' });
      expect((await fixture.store.load(session))?.session.version).toBe(2);
    });

    test('is checked as it is after all mutations', async () => {
      const session = await create();
      await apply(session, set('a', '"x"'), set('a', '"b"'), append('list', '"y"'), increment('n', 1));
      const mutations = [append('list', '"x"')];
      await expect(fixture.store.update(session, { mutations })).resolves.toEqual(refused('list'));
      await expect(dataOf(session)).resolves.toEqual({ a: '"b"', list: '["y"]', n: '1' });
    });

    test('can be changed and repaired if it was stored before the rule', async () => {
      check.replace(undefined);
      const session = await create();
      await apply(session, set('a', '"x"'), set('b', '"x"'));
      check.replace(withoutX);
      await apply(session, set('c', '1'), set('a', '"xx"'));
      await apply(session, set('a', '"b"'));
      const mutations = [set('a', '"x"')];
      await expect(fixture.store.update(session, { mutations })).resolves.toEqual(refused('a'));
      await expect(dataOf(session)).resolves.toEqual({ a: '"b"', b: '"x"', c: '1' });
    });

    test('does not concern what else a session has', async () => {
      const session = await create();
      await apply(session, push('x', '"x"'), { kind: 'pop_flash', queue: 'x' }, push('x', '"x"'));
      await expect(fixture.store.update(session, { label: 'x', subject: 'x' })).resolves.toMatchObject({
        status: 'updated',
        session: { version: 3 },
      });
    });

    test('loses no update and keeps the other promises', async () => {
      const session = await create();
      const changes = times(10, increment('n', 1)).map((mutation) =>
        fixture.store.update(session, { mutations: [mutation] }),
      );
      await Promise.all(changes);
      await expect(dataOf(session)).resolves.toEqual({ n: '10' });
      const mutations = [set('a', '1')];
      for (const [change, status] of [
        [{ ifVersion: 3 }, 'version_mismatch'],
        [{ fence: 3 }, 'lease_lost'],
      ] as const) {
        await expect(fixture.store.update(session, { mutations, ...change })).resolves.toMatchObject({ status });
      }
      await fixture.store.delete(session);
      await expect(fixture.store.update(session, { mutations })).resolves.toEqual({ status: 'not_found' });
    });
  });
}
