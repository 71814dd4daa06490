import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Sidecar } from '@session-sidecar/client/testing';
import { stackForAllTests, stackForEachTest } from '../../support/stack';
import { connect, hour, minute, newSession, originOf, start } from './fixture';
import type { Client } from './fixture';

const shared = stackForAllTests();
const stack = stackForEachTest();

let sidecar: Sidecar;
let sessions: Client;

beforeAll(async () => {
  sidecar = await start(shared, { settings: { IDLE_TIMEOUT: '20m', TOUCH_INTERVAL: '1m', MAX_LIFETIME: '12h' } });
});

beforeEach(async () => {
  await sidecar.reset();
  sessions = connect(stack, sidecar);
});

describe('a clock that a test moves', () => {
  test('ends a session when it says that an hour has passed', async () => {
    const token = await newSession(sessions);
    await sidecar.advance(hour);
    expect(await originOf(sessions, token)).toBe('not_found');
  });

  test('ends no session before its idle timeout, which each access slides', async () => {
    const token = await newSession(sessions);
    for (let access = 0; access < 3; access += 1) {
      await sidecar.advance(19 * minute);
      expect(await originOf(sessions, token)).toBe('found');
    }
    await sidecar.advance(21 * minute);
    expect(await originOf(sessions, token)).toBe('not_found');
  });

  test('ends a session that is in use at its maximum lifetime', async () => {
    const token = await newSession(sessions);
    for (let access = 0; access < 12 * 3; access += 1) {
      expect(await originOf(sessions, token)).toBe('found');
      await sidecar.advance(20 * minute);
    }
    expect(await originOf(sessions, token)).toBe('not_found');
  });

  test("ends a session at a timeout of the session's own", async () => {
    const session = await sessions.open(undefined);
    session.set('cart', []);
    session.setIdleTimeout(2 * hour);
    await session.save();
    await sidecar.advance(hour);
    expect(await originOf(sessions, session.token!)).toBe('found');
  });

  test('is the clock of every time that a session has', async () => {
    const moved = await sidecar.advance(100 * hour);
    const session = await sessions.open(await newSession(sessions));
    expect(session.created!.getTime()).toBeGreaterThanOrEqual(moved.getTime());
    expect(session.created!.getTime()).toBeLessThanOrEqual((await sidecar.now()).getTime());
    expect(session.expires!.getTime() - session.created!.getTime()).toBe(21 * minute);
  });

  test('is the real one at first, and goes on by itself after a move', async () => {
    const before = Date.now();
    const now = await sidecar.now();
    expect(now.getTime()).toBeGreaterThanOrEqual(before);
    expect(now.getTime()).toBeLessThanOrEqual(Date.now());
    const moved = await sidecar.advance(hour + 0.4);
    expect(moved.getTime()).toBeGreaterThanOrEqual(before + hour);
    expect((await sidecar.now()).getTime()).toBeGreaterThanOrEqual(moved.getTime());
    expect((await sidecar.now()).getTime()).toBeLessThanOrEqual(Date.now() + hour);
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '1h' as never])('is not moved by %p', async (invalid) => {
    const before = Date.now();
    await expect(sidecar.advance(invalid)).rejects.toThrow(
      new RangeError(`Expected \`milliseconds\` to be a number from 0 up, got \`${String(invalid)}\``),
    );
    const now = (await sidecar.now()).getTime();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });

  test('is not moved past the last year that a timestamp can hold', async () => {
    await expect(sidecar.advance(8000 * 366 * 24 * hour)).rejects.toThrow('ends before the year 10000');
    expect((await sidecar.now()).getTime()).toBeLessThanOrEqual(Date.now());
  });
});

describe('a client with a cache', () => {
  test('opens no session that the moved clock has ended, however often it has read it', async () => {
    const caching = connect(stack, sidecar, { cache: { maxBytes: 1 << 24 } });
    const token = await newSession(caching);
    // A sidecar that reports changes confirms it with one of the first replies.
    for (let read = 0; read < 50; read += 1) expect(await originOf(caching, token)).toBe('found');
    await sidecar.advance(hour);
    expect(await originOf(caching, token)).toBe('not_found');
    expect(caching.cacheStats).toMatchObject({ live: 0 });
    expect(caching.cacheStats!.validated).toBeGreaterThan(1);
  });

  test('shows when a session expires by the moved clock', async () => {
    const caching = connect(stack, sidecar, { cache: { maxBytes: 1 << 24 } });
    const token = await newSession(caching);
    const { expires } = await caching.open(token);
    await sidecar.advance(10 * minute);
    const slid = (await caching.open(token)).expires!.getTime() - expires!.getTime();
    expect(slid).toBeGreaterThanOrEqual(10 * minute);
    expect(slid).toBeLessThan(11 * minute);
  });
});

describe('reset()', () => {
  test('ends all sessions, for clients that have read them too', async () => {
    const caching = connect(stack, sidecar, { cache: { maxBytes: 1 << 24 } });
    const token = await newSession(caching);
    const session = await caching.open(token);
    await sidecar.reset();
    expect(await originOf(caching, token)).toBe('not_found');
    session.set('cart', ['milk']);
    await expect(session.save()).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
  });

  test('sets the clock to the real time', async () => {
    await sidecar.advance(hour);
    await sidecar.reset();
    expect((await sidecar.now()).getTime()).toBeLessThanOrEqual(Date.now());
  });
});
