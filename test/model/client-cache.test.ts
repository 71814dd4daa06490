import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { maxStalenessMs } from '../../client/src/cache/liveness';
import { touchIntervalMs } from '../support/cache-world/stored-session';
import type { State } from '../support/cache-world/stored-session';
import { CacheWorld, shown, turns } from '../support/cache-world/world';
import type { Opened } from '../support/cache-world/world';

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
});

afterEach(() => {
  jest.useRealTimers();
});

/** What happened how often: a test in which nothing is live would prove nothing. */
const seen = { live: 0, validated: 0, missed: 0, ended: 0, changedHere: 0 };

/** Opens sessions, and holds what it gets against what was promised. */
class Visitor {
  readonly world: CacheWorld;
  failure: string | undefined;

  constructor(world: CacheWorld) {
    this.world = world;
  }

  open(token = this.world.token): void {
    const { acknowledged } = this.world;
    const result = this.world.open(token);
    if (!(result instanceof Promise)) {
      // Live: as it was at some moment of the last second, and with every change that this client has made.
      this.#check(token, result, this.world.statesWithin(maxStalenessMs), acknowledged);
      return;
    }
    const began = performance.now();
    void result.then((opened) => {
      this.#check(token, opened, this.world.statesWithin(performance.now() - began + 1), acknowledged);
    });
  }

  #check(
    token: string,
    { session, isLive }: Opened,
    states: readonly (State | undefined)[],
    acknowledged: number,
  ): void {
    if (isLive) seen.live += 1;
    if (session === undefined) {
      seen.ended += 1;
      // A call may have been lost, too, which says nothing.
      return;
    }
    const got = shown(session);
    const isPromised = states.some(
      (state) =>
        state?.token === token &&
        state.version === got.version &&
        state.mine === got.mine &&
        state.others === got.others &&
        state.order >= acknowledged &&
        (!isLive || performance.now() < state.accessed + touchIntervalMs),
    );
    if (isPromised) return;
    this.failure ??= `${isLive ? 'live' : 'read'} ${JSON.stringify(got)}, of ${JSON.stringify(states)}, from ${acknowledged} on`;
  }
}

type Step = readonly [name: string, run: (visitor: Visitor) => unknown];

/** Longer than a session is trusted without confirmation, with that. */
async function aGoodSecond({ world }: Visitor): Promise<void> {
  for (let times = 0; times < 5; times += 1) {
    jest.advanceTimersByTime(250);
    world.cache.find(world.token);
    world.settle();
    await turns();
  }
}

/** As long, without a word from Redis. */
async function aBadSecond({ world }: Visitor): Promise<void> {
  for (let times = 0; times < 5; times += 1) {
    jest.advanceTimersByTime(250);
    world.cache.find(world.token);
    world.sendReport();
    world.receive();
    await turns();
  }
}

const step = (name: string, run: (visitor: Visitor) => unknown): Step => [name, run];
const receiving = fc.constantFrom(
  step('receive', ({ world }) => world.receive()),
  step('receive the last reply', ({ world }) => world.receiveReply(-1)),
  step('receive a report', ({ world }) => world.receiveReport()),
  step('open a stream', ({ world }) => world.openStream()),
  step('send report', ({ world }) => world.sendReport()),
  step('hear Redis', ({ world }) => world.hearRedis()),
);
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(step('open', (visitor) => visitor.open())) },
  { weight: 6, arbitrary: fc.nat(2).map((index) => step('execute', ({ world }) => world.execute(index))) },
  { weight: 9, arbitrary: receiving },
  {
    weight: 6,
    arbitrary: fc.constant(
      step('settle', ({ world }) => {
        world.settle();
      }),
    ),
  },
  { weight: 3, arbitrary: fc.constantFrom(step('a good second', aGoodSecond), step('a bad second', aBadSecond)) },
  { weight: 3, arbitrary: fc.constant(step('ask Redis', ({ world }) => world.askRedis())) },
  { weight: 3, arbitrary: fc.constant(step('change', ({ world }) => void world.change())) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(100, 300, 600, 1100, 3100).map((ms) =>
      step(`${ms} ms`, () => {
        jest.advanceTimersByTime(ms);
      }),
    ),
  },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      step('change here', ({ world }) => world.changeHere()),
      step('change elsewhere', ({ world }) => world.changeElsewhere()),
      step('change elsewhere', ({ world }) => world.changeElsewhere()),
      step('new CSRF token', ({ world }) => void world.newCsrfToken()),
      step('log out here', ({ world }) => world.logOutHere()),
      step('log out elsewhere', ({ world }) => world.logOutElsewhere()),
      step('regenerate elsewhere', ({ world }) => world.regenerateElsewhere()),
      step('log in', ({ world }) => world.logIn()),
      step('lose Redis', ({ world }) => world.loseRedis()),
      step('fail over', ({ world }) => world.failOver(1)),
      step('lose the stream', ({ world }) => world.loseStream()),
      step('lose the stream', ({ world }) => world.loseStream()),
    ),
  },
);

async function play(all: readonly Step[], world: CacheWorld): Promise<void> {
  const visitor = new Visitor(world);
  // From a session that is live, which random steps seldom come to.
  for (let times = 0; times < 3; times += 1) {
    visitor.open();
    await turns();
    world.settle();
    await turns();
  }
  for (const [, run] of all) {
    await run(visitor);
    await turns();
  }
  world.settle();
  await turns();
  const { live, validated, missed } = world.cache.stats;
  seen.validated += validated;
  seen.missed += missed;
  world.cache.close();
  if (visitor.failure !== undefined) throw new Error(visitor.failure);
  expect(live).toBeGreaterThanOrEqual(0);
}

test.each([['live', false] as const, ['only validated', true] as const])(
  'in any order of events, an opened session is as promised: %s',
  async (_, unary) => {
    Object.assign(seen, { live: 0, validated: 0, missed: 0, ended: 0 });
    const history = fc.array(steps, { maxLength: 60, size: 'max' });
    const property = fc.asyncProperty(history, (all) => play(all, new CacheWorld({ unary })));
    // A failure prints the seed and the path that repeat it.
    await fc.assert(property, { numRuns: 3000, endOnFailure: false });
    expect(seen.validated).toBeGreaterThan(1000);
    expect(seen.missed).toBeGreaterThan(1000);
    expect(seen.ended).toBeGreaterThan(100);
    if (unary) expect(seen.live).toBe(0);
    else expect(seen.live).toBeGreaterThan(1000);
  },
);
