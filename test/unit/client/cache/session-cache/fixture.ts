import { afterEach, beforeEach, expect, jest } from '@jest/globals';
import { CacheWorld, turns } from '../../../../support/cache-world/world';
import type { Opened } from '../../../../support/cache-world/world';

/** A client's cache and all that is around it, new for each test, and the steps that most tests take. */
export class SessionCacheFixture {
  world!: CacheWorld;

  /** Lets what was begun come to its end, with everything else that is under way. */
  readonly settled = async <T>(begun: T | Promise<T>): Promise<T> => {
    await turns();
    this.world.settle();
    await turns();
    this.world.settle();
    await turns();
    return begun;
  };

  /** Opens the session until that costs no call. */
  readonly becomeLive = async (): Promise<void> => {
    for (let times = 0; times < 3; times += 1) await this.opened();
    expect((await this.opened()).isLive).toBe(true);
  };

  /** The session as it is opened now, by whatever way. */
  readonly opened = (): Promise<Opened> => this.settled(this.world.open());

  /** What opening gives without a step of anything else. */
  readonly openedAtOnce = (): Opened | undefined => {
    const result = this.world.open();
    return result instanceof Promise ? undefined : result;
  };

  /** What a session must show now. */
  readonly shownState = () => {
    const { version, mine, others } = this.world.state!;
    return { version, mine, others };
  };
}

export function sessionCacheFixture(): SessionCacheFixture {
  const fixture = new SessionCacheFixture();

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    fixture.world = new CacheWorld();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  return fixture;
}
