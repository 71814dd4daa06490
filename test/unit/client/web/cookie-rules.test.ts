import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decideCookie, isWithheld, needsRenewal } from '../../../../client/src/web/cookie-rules';
import type { CookieFacts, RenewalFacts } from '../../../../client/src/web/cookie-rules';

/** What is done in the request, as the state it leaves behind. */
const requests = {
  'starts new and does nothing': { arrived: undefined, current: undefined, isNew: true },
  'starts new and uses': { arrived: undefined, current: 'one', isNew: true },
  'starts new, invalidates': { arrived: undefined, current: undefined, isNew: true },
  'starts new, invalidates, uses': { arrived: undefined, current: 'one', isNew: true },
  'starts new, invalidates, uses, invalidates': { arrived: undefined, current: undefined, isNew: true },
  'starts new, invalidates, invalidates': { arrived: undefined, current: undefined, isNew: true },
  'finds a session': { arrived: 'one', current: 'one', isNew: false },
  'finds a session, invalidates': { arrived: 'one', current: undefined, isNew: true },
  'finds a session, invalidates, uses': { arrived: 'one', current: 'two', isNew: true },
  'finds a session, invalidates, uses, invalidates': { arrived: 'one', current: undefined, isNew: true },
  'finds a session, invalidates, invalidates': { arrived: 'one', current: undefined, isNew: true },
  'finds a session, regenerates': { arrived: 'one', current: 'two', isNew: false },
} as const;

// The table of the seed library (FEATURES 2.5), and what it does not have: nothing for visitors who wrote nothing, and
// the regenerated session, which must not get out of reach.
const table: [keyof typeof requests, usually: string, withheld: string][] = [
  ['starts new and does nothing', 'none', 'none'],
  ['starts new and uses', 'set', 'none'],
  ['starts new, invalidates', 'none', 'none'],
  ['starts new, invalidates, uses', 'set', 'none'],
  ['starts new, invalidates, uses, invalidates', 'none', 'none'],
  ['starts new, invalidates, invalidates', 'none', 'none'],
  ['finds a session', 'none', 'none'],
  ['finds a session, invalidates', 'delete', 'delete'],
  ['finds a session, invalidates, uses', 'set', 'delete'],
  ['finds a session, invalidates, uses, invalidates', 'delete', 'delete'],
  ['finds a session, invalidates, invalidates', 'delete', 'delete'],
  ['finds a session, regenerates', 'set', 'set'],
];

describe('decideCookie()', () => {
  test.each(table)(
    'A request that %s: %s; with cookieOnException=false and an exception: %s',
    (request, usually, withheld) => {
      const facts = requests[request];
      expect(decideCookie({ ...facts, failed: false, cookieOnException: true })).toBe(usually);
      expect(decideCookie({ ...facts, failed: true, cookieOnException: true })).toBe(usually);
      expect(decideCookie({ ...facts, failed: false, cookieOnException: false })).toBe(usually);
      expect(decideCookie({ ...facts, failed: true, cookieOnException: false })).toBe(withheld);
    },
  );

  test.each([
    ['gets a new lifetime', true, true, false, 'set'],
    ['gets one although the response fails', true, true, true, 'set'],
    ['gets none, because the response fails', true, false, true, 'none'],
    ['keeps its lifetime', false, true, false, 'none'],
  ] as const)('A session whose cookie %s', (_, isRenewed, cookieOnException, failed, expected) => {
    const facts = { ...requests['finds a session'], isRenewed, cookieOnException, failed };
    expect(decideCookie(facts)).toBe(expected);
  });

  const token = fc.option(fc.constantFrom('one', 'two'), { nil: undefined });
  const facts: fc.Arbitrary<CookieFacts> = fc.record({
    arrived: token,
    current: token,
    isNew: fc.boolean(),
    isRenewed: fc.boolean(),
    failed: fc.boolean(),
    cookieOnException: fc.boolean(),
  });

  test('leaves the browser with the token that is stored, unless that is withheld, whatever happened', () => {
    fc.assert(
      fc.property(facts, (each) => {
        const before = each.arrived;
        const decision = decideCookie(each);
        const after = { set: each.current, delete: undefined, none: before }[decision];
        // Of a session that had ended before nothing is known, so the browser keeps what it has.
        expect(after).toBe(isWithheld(each) && each.current !== before ? undefined : each.current);
        if (decision === 'set') expect(each.current).toBeDefined();
      }),
    );
  });
});

describe('needsRenewal()', () => {
  const rolls: RenewalFacts = { rolling: true, persisted: true, persists: true, fetchMode: 'navigate' };

  test.each<[string, Partial<RenewalFacts>, boolean]>([
    ['a page that is opened', {}, true],
    ['a browser that does not say what it opens', { fetchMode: undefined }, true],
    ['what a script fetches', { fetchMode: 'cors' }, false],
    ['an image', { fetchMode: 'no-cors' }, false],
    ['a cookie that keeps its date', { rolling: false }, false],
    ['a cookie until the browser is closed', { persisted: false, persists: false }, false],
    ['a visitor who is to be remembered from now on', { persisted: false, rolling: false, fetchMode: 'cors' }, true],
    ['a visitor who is to be forgotten', { persists: false, fetchMode: 'cors' }, true],
  ])('for %s', (_, facts, expected) => {
    expect(needsRenewal({ ...rolls, ...facts })).toBe(expected);
  });
});
