import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { emptyContent } from '../../server/src/session/content';
import { SessionError } from '../../server/src/session/errors';
import type { NewSession, SessionStore } from '../../server/src/session/session-store';
import type { SubjectLimitAction } from '../../server/src/session/subject-limit';
import { createTokens, randomSigningKey } from '../../server/src/tokens/token';
import { effort } from '../support/effort';
import type { RedisServer } from '../support/redis';
import { stackForAllTests } from '../support/stack';
import {
  generousLimits,
  makeMemoryStore,
  makeRedisStore,
  redisConnectionOptions,
  twentyMinutes,
} from '../support/store-harness';
import type { StoreHarness } from '../support/store-harness';
import { SubjectLimitModel } from './subject-limit-model';
import type { Expected } from './subject-limit-model';

const tokens = createTokens([randomSigningKey()]);
const maxSessions = 2;
const subjects = ['ada', 'bob'];
const { idleTimeout } = twentyMinutes;
/** A session that is not used ends after two of them. */
const timeStep = 0.75 * idleTimeout!;

/** What one of eight visitors does, by one of two sidecars. */
const act = fc.record({
  visitor: fc.nat({ max: 7 }),
  sidecar: fc.nat({ max: 1 }),
  what: fc.oneof(
    { weight: 4, arbitrary: fc.constant('login' as const) },
    fc.constantFrom('create' as const, 'logout' as const, 'leave' as const, 'use' as const, 'prolong' as const),
  ),
  subject: fc.constantFrom(...subjects),
});
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

const time = { weight: 1, arbitrary: fc.constant('time' as const) };
const alone = fc.array(fc.oneof({ weight: 6, arbitrary: act }, time), { minLength: 10, maxLength: 40 });
const together = fc.array(fc.oneof({ weight: 6, arbitrary: fc.array(act, { minLength: 2, maxLength: 10 }) }, time), {
  minLength: 2,
  maxLength: 8,
});

type Start = () => Promise<readonly StoreHarness[]>;

describe.each<SubjectLimitAction>(['refuse', 'end-oldest'])('no subject has too many sessions: %s', (action) => {
  const stack = stackForAllTests();
  const limit = { maxSessions, action };
  const settings = { expiry: twentyMinutes, limits: generousLimits, subjectLimit: limit };
  const places: Record<string, Start> = {};

  beforeAll(async () => {
    places['memory'] = async () => [await makeMemoryStore(settings)];
    const redis: RedisServer = await stack.redis();
    const connection = redisConnectionOptions({ nodes: [{ host: '127.0.0.1', port: redis.port }] });
    const sidecars = await Promise.all([1, 2].map(() => makeRedisStore(connection, [redis])(settings)));
    for (const sidecar of sidecars) stack.use(sidecar);
    places['Redis'] = async () => {
      await redis.admin.flushall();
      return sidecars;
    };
  });

  test.each([
    ['memory', 100],
    ['Redis', effort(10)],
  ])('what visitors do one after another has the outcome of the model, on %s', async (place, numRuns) => {
    const seen = { refused: 0, ended: 0 };
    const property = fc.asyncProperty(alone, async (acts) => {
      const sidecars = await places[place]!();
      const model = new SubjectLimitModel(limit);
      const visitors = new Visitors(sidecars, model);
      for (const each of acts) {
        if (each === 'time') {
          await sidecars[0]!.advance(timeStep);
          model.advance(timeStep);
          continue;
        }
        const { outcome, expected } = await visitors.perform(each);
        expect([each.what, outcome]).toEqual([each.what, expected.outcome]);
        const left = await visitors.handlesOf(each.subject);
        const ended = model.handlesOf(each.subject).filter((handle) => !left.includes(handle));
        expect(ended).toHaveLength(expected.endsOneOf.length > 0 ? 1 : 0);
        for (const handle of ended) {
          expect(expected.endsOneOf).toContain(handle);
          model.end(handle);
        }
        expect(left).toEqual(model.handlesOf(each.subject).sort());
        seen.refused += outcome === 'refused' ? 1 : 0;
        seen.ended += ended.length;
      }
    });
    await fc.assert(property, { numRuns, endOnFailure: false });
    // Generators that never come to the limit would prove nothing.
    expect(action === 'refuse' ? seen.refused : seen.ended).toBeGreaterThan(numRuns / 5);
  });

  test('whatever visitors of two sidecars do at the same time, at any time', async () => {
    let most = 0;
    const property = fc.asyncProperty(together, async (steps) => {
      const sidecars = await places['Redis']!();
      const visitors = new Visitors(sidecars, new SubjectLimitModel(limit));
      for (const acts of steps) {
        if (acts === 'time') {
          await sidecars[0]!.advance(timeStep);
          continue;
        }
        let isOver = false;
        const looking = subjects.map(async (subject) => {
          do most = Math.max(most, (await visitors.handlesOf(subject)).length);
          while (!isOver);
        });
        await Promise.all(acts.map((each) => visitors.perform(each)));
        isOver = true;
        await Promise.all(looking);
        for (const subject of subjects) {
          most = Math.max(most, (await visitors.handlesOf(subject)).length, await visitors.countOf(subject));
        }
        expect(most).toBeLessThanOrEqual(maxSessions);
      }
    });
    await fc.assert(property, { numRuns: effort(12), endOnFailure: false });
    expect(most).toBe(maxSessions);
  });
});

/** Visitors with one session each, which a new one replaces without ending it. */
class Visitors {
  readonly #stores: readonly SessionStore[];
  readonly #model: SubjectLimitModel;
  readonly #current = new Map<number, NewSession>();
  readonly #all: NewSession[] = [];

  constructor(sidecars: readonly StoreHarness[], model: SubjectLimitModel) {
    this.#stores = sidecars.map(({ store }) => store);
    this.#model = model;
  }

  async perform({ visitor, sidecar, what, subject }: Act): Promise<{ outcome: string; expected: Expected }> {
    const store = this.#stores[sidecar % this.#stores.length]!;
    if (what === 'create') return this.#create(visitor, store, subject);
    if (!this.#current.has(visitor)) await this.#create(visitor, store, undefined);
    const session = this.#current.get(visitor)!;
    const { handle } = session;
    const login = async (change: { subject: string; idleTimeout?: number | undefined }) => ({
      expected: this.#model.login(handle, change.subject === '' ? undefined : change.subject),
      outcome: await outcomeOf(store.update(session, change).then(({ status }) => status)),
    });
    switch (what) {
      case 'login':
        return login({ subject });
      case 'prolong':
        return login({ subject, idleTimeout });
      case 'leave':
        return login({ subject: '' });
      case 'use':
        return {
          expected: this.#model.use(handle),
          outcome: (await store.load(session)) === undefined ? 'not_found' : 'updated',
        };
      case 'logout':
        return {
          expected: this.#model.logout(handle),
          outcome: (await store.delete(session)) ? 'updated' : 'not_found',
        };
    }
  }

  async handlesOf(subject: string): Promise<string[]> {
    const page = await this.#stores[0]!.listSubject(subject, { after: undefined, size: 100, maxDataBytes: undefined });
    return page.sessions.map(({ handle }) => handle);
  }

  /** Also of sessions that the index might have forgotten. */
  async countOf(subject: string): Promise<number> {
    const loaded = await Promise.all(this.#all.map((session) => this.#stores[0]!.load(session)));
    return loaded.filter((each) => each?.session.subject === subject).length;
  }

  async #create(visitor: number, store: SessionStore, subject: string | undefined) {
    const session = { ...tokens.issue(), content: emptyContent, csrfToken: 'csrf', idleTimeout, subject };
    const expected = this.#model.create(session.handle, subject);
    const outcome = await outcomeOf(store.create(session).then(() => 'created'));
    if (outcome === 'created') {
      this.#current.set(visitor, session);
      this.#all.push(session);
    }
    return { outcome, expected };
  }
}

async function outcomeOf(call: Promise<string>): Promise<string> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof SessionError && error.reason === 'TOO_MANY_SESSIONS') return 'refused';
    throw error;
  }
}
