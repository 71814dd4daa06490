import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ControlledStore } from '../../../../server/src/store/memory/controlled-store';
import type { NewSession } from '../../../../server/src/session/session-store';
import { ManualClock } from '../../../support/clock';
import { generousLimits, twentyMinutes } from '../../../support/store-harness';

const session: NewSession = {
  handle: 'a',
  secretHash: 'b',
  csrfToken: 'c',
  content: { data: new Map(), flash: new Map() },
  idleTimeout: twentyMinutes.idleTimeout,
  subject: undefined,
};

let clock: ManualClock;
let store: ControlledStore;

beforeEach(() => {
  clock = new ManualClock();
  store = new ControlledStore({
    expiry: twentyMinutes,
    limits: generousLimits,
    maxBytes: 1 << 20,
    now: clock.now,
  });
});

afterEach(() => store.close());

describe('the clock', () => {
  test('is ahead of the real one by all its moves', () => {
    store.advance(5);
    clock.advance(10);
    expect(store.advance(7)).toBe(clock.now() + 12);
  });
});

describe('reset()', () => {
  test('ends all sessions', async () => {
    await store.create(session);
    store.reset();
    expect(await store.load(session)).toBeUndefined();
  });

  test('sets the clock to the real time, for the sessions that follow too', async () => {
    store.advance(60_000);
    store.reset();
    expect(store.advance(0)).toBe(clock.now());
    expect(await store.create(session)).toMatchObject({ created: clock.now() });
  });

  test('begins another history, so that no copy of an earlier session is taken for the same version of a later one', async () => {
    await store.create(session);
    const before = await store.load(session);
    store.reset();
    await store.create(session);
    const after = await store.load(session);
    expect(after!.session.version).toBe(before!.session.version);
    expect(after!.generation).not.toEqual(before!.generation);
  });
});

test('changes are not reported, so no client takes a copy for live', () => {
  expect(store.changes).toBeUndefined();
});
