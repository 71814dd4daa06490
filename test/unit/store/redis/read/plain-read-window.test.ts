import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { PlainReadWindow } from '../../../../../server/src/store/redis/read/plain-read-window';

const expiry = { idleTimeout: 60_000, touchInterval: 10_000, maxLifetime: undefined };
const now = 1_800_000_000_000;
const metadata = { version: 1, created: now, accessed: now, idleTimeout: undefined, expires: now + 70_000 };

let time: number;

beforeEach(() => {
  time = 5000;
  jest.spyOn(performance, 'now').mockImplementation(() => time);
});

afterEach(() => {
  jest.restoreAllMocks();
});

function windows(expireKeys = true): PlainReadWindow {
  return new PlainReadWindow({ expiry, expireKeys });
}

describe('a plain read window', () => {
  test('lasts from the request until the next access is due', () => {
    const open = windows();
    open.open('h', metadata, time, now + 2000, 1000);
    expect(open.remainingMs('h')).toBe(8000);
    time += 7999;
    expect(open.find('h')).toMatchObject({ idleTimeout: undefined });
    time += 1;
    expect(open.find('h')).toBeUndefined();
    expect(open.remainingMs('h')).toBe(0);
  });

  test('ends when the session expires', () => {
    const open = windows();
    open.open('h', { ...metadata, expires: now + 3000 }, time, now, 1000);
    expect(open.remainingMs('h')).toBe(3000);
  });

  test('is not opened when an access is already due', () => {
    const open = windows();
    open.open('h', metadata, time, now + 10_000, 1000);
    expect(open.find('h')).toBeUndefined();
  });

  test('is not opened without TTLs, because only a script knows whether a session has expired', () => {
    const open = windows(false);
    open.open('h', metadata, time, now, 1000);
    expect(open.find('h')).toBeUndefined();
  });

  test('is of one session, and can be closed', () => {
    const open = windows();
    open.open('h', metadata, time, now, 1000);
    expect(open.find('other')).toBeUndefined();
    open.close('h');
    expect(open.find('h')).toBeUndefined();
  });
});
