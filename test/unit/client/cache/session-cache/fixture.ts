import { afterEach, beforeEach, expect, jest } from '@jest/globals';
import { SessionCache } from '../../../../../client/src/cache/session-cache';
import type { Transport } from '../../../../../client/src/transport/transport';
import { CacheWorld, shown, turns } from '../../../../support/cache-world/world';
import type { Opened } from '../../../../support/cache-world/world';

/** A client's cache and all that is around it, new for each test. */
export let world: CacheWorld;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  world = new CacheWorld();
});

afterEach(() => {
  jest.useRealTimers();
});

/** Runs whatever was started to its end, with everything else in flight. */
export async function settled<T>(begun: T | Promise<T>): Promise<T> {
  await turns();
  world.settle();
  await turns();
  world.settle();
  await turns();
  return begun;
}

/** Opens the session, by a call if that is necessary. */
export function opened(): Promise<Opened> {
  return settled(world.open());
}

/** Opens the session until that costs no call. */
export async function becomeLive(): Promise<void> {
  for (let times = 0; times < 3; times += 1) await opened();
  expect((await opened()).isLive).toBe(true);
}

/** The session if opening it costs no call. */
export function openedAtOnce(): Opened | undefined {
  const result = world.open();
  return result instanceof Promise ? undefined : result;
}

/** Expects the session to open without a call, as it is now. */
export function expectLive(): void {
  const { session, isLive } = openedAtOnce()!;
  expect({ ...shown(session!), isLive }).toEqual({ ...shownState(), isLive: true });
}

/** What a session must show now. */
export function shownState() {
  const { version, mine, others } = world.state!;
  return { version, mine, others };
}

/** How many sessions a cache keeps after it has received a reply. */
export async function keptAfter(reply: object): Promise<number> {
  const transport = { call: () => Promise.resolve(reply), close: () => undefined } as unknown as Transport;
  const cache = new SessionCache(transport, undefined, { maxBytes: 1 << 20 });
  await cache.read(world.token, { deadline: Infinity });
  return cache.stats.sessions;
}
