import { describe, expect, test } from '@jest/globals';
import { connectRedis } from '../../../../server/src/cli/import/formats/connect-redis';
import type { Format, SourceRecord } from '../../../../server/src/cli/import/formats/format';
import { jsonStore } from '../../../../server/src/cli/import/formats/json-store';
import { pyramid } from '../../../../server/src/cli/import/formats/pyramid';

const now = 1_800_000_000_000;
const record = (value: unknown, ttlMs?: number): SourceRecord => ({
  key: 'p:id',
  name: 'id',
  text: typeof value === 'string' ? value : JSON.stringify(value),
  ttlMs,
});

function read(format: Format, value: unknown, ttlMs?: number) {
  const session = format.read(record(value, ttlMs), now);
  if (typeof session === 'string') return session;
  const { data, flash, ...rest } = session;
  return { ...rest, data: Object.fromEntries(data), flash: Object.fromEntries(flash) };
}

const iso = (time: number) => new Date(time).toISOString();

describe('connect-redis', () => {
  const [store, adapter] = [connectRedis('store'), connectRedis('adapter')];

  test.each([
    ['the TTL of the key', { originalMaxAge: null }, 5000, 5000],
    ['the TTL, although the cookie seems to have expired', { expires: iso(now - 1), originalMaxAge: 9000 }, 5000, 5000],
    ['the end of the cookie', { expires: iso(now + 7000), originalMaxAge: 9000 }, undefined, 7000],
    [
      'the age of a cookie that seems to have expired',
      { expires: iso(now - 1), originalMaxAge: 9000 },
      undefined,
      9000,
    ],
    ['nothing known', { originalMaxAge: null }, undefined, undefined],
    ['nothing known', { expires: 'soon' }, undefined, undefined],
  ])('lives for %s', (_, cookie, ttlMs, lifetimeMs) => {
    expect(read(store, { cookie }, ttlMs)).toMatchObject({ id: 'id', lifetimeMs });
  });

  test('has expired with a cookie that was never extended', () => {
    expect(read(store, { cookie: { expires: iso(now - 1) } })).toBe('expired');
  });

  test('keeps the cookie for the store, which ends with the session, and everything else', () => {
    const cookie = { path: '/', expires: iso(now - 1), originalMaxAge: 9000 };
    const session = read(store, { cookie, flash: { info: ['hi'] }, user: 7 }, 5000);
    const expires = iso(now + 5000);
    expect(session).toMatchObject({
      data: { cookie: JSON.stringify({ ...cookie, expires }), flash: '{"info":["hi"]}', user: '7' },
      flash: {},
    });
    expect(read(store, { cookie: { expires: null } }, 5000)).toMatchObject({ data: { cookie: '{"expires":null}' } });
  });

  test('has no cookie for an adapter, and messages of connect-flash in queues', () => {
    const session = { cookie: {}, flash: { info: ['a', { b: 1 }], error: [] }, user: 7 };
    expect(read(adapter, session)).toMatchObject({ data: { user: '7' }, flash: { info: ['"a"', '{"b":1}'] } });
  });

  test.each([['text'], [['list']], [{ info: 'no list' }]])('leaves another flash, %j, alone', (flash) => {
    expect(read(adapter, { cookie: {}, flash })).toMatchObject({ data: { flash: JSON.stringify(flash) }, flash: {} });
  });

  test.each([[[]], [7], [{}], [{ cookie: 'x' }], [{ cookie: [] }]])('is not %j', (value) => {
    expect(read(store, value)).toBe('other_format');
  });
});

describe('pyramid_session_redis', () => {
  const payload = { m: { user: 7 }, c: now / 1000 - 60, v: 1 };

  test.each([
    ['its timeout', { ...payload, t: 1200, x: now / 1000 + 5 }, 5000, 1_200_000],
    ['the TTL', payload, 5000, 5000],
    ['nothing known', payload, undefined, undefined],
    ['nothing known', { ...payload, t: null }, undefined, undefined],
  ])('lives for %s', (_, value, ttlMs, lifetimeMs) => {
    expect(read(pyramid, value, ttlMs)).toMatchObject({ id: 'p:id', data: { user: '7' }, lifetimeMs });
  });

  test('has expired when its own time is over, whatever Redis says', () => {
    expect(read(pyramid, { ...payload, t: 1200, x: now / 1000 }, 5000)).toBe('expired');
  });

  test('has flash messages in queues, and the token that forms have', () => {
    const token = 'a'.repeat(64);
    const m = { _f_: ['one', 2], _f_error: [{ a: 1 }], _f_none: [], _csrft_: token, _f_odd: 'text' };
    expect(read(pyramid, { ...payload, m })).toMatchObject({
      data: { _f_odd: '"text"' },
      flash: { '': ['"one"', '2'], error: ['{"a":1}'] },
      csrfToken: token,
    });
  });

  test.each(['short', 'a b'.repeat(10), 'é'.repeat(30), 7, null])('gets a new token in place of %j', (token) => {
    const session = read(pyramid, { ...payload, m: { _csrft_: token } });
    expect(session).toMatchObject({ data: {}, csrfToken: undefined });
  });

  test.each([[{}], [{ ...payload, v: 2 }], [{ ...payload, m: [] }], [[]], [{ managed_dict: {} }]])(
    'is not %j',
    (value) => {
      expect(read(pyramid, value)).toBe('other_format');
    },
  );
});

describe('a JSON store', () => {
  const layout = { data: [], id: 'name', expires: undefined, drop: [] } as const;

  test('has the id in the key, with or without the prefix, or in the record', () => {
    expect(read(jsonStore(layout), { a: 1 }, 5000)).toMatchObject({ id: 'id', data: { a: '1' }, lifetimeMs: 5000 });
    expect(read(jsonStore({ ...layout, id: 'key' }), { a: 1 })).toMatchObject({ id: 'p:id' });
    expect(read(jsonStore({ ...layout, id: ['meta', 'sid'] }), { meta: { sid: 'x' } })).toMatchObject({ id: 'x' });
    expect(read(jsonStore({ ...layout, id: ['sid'] }), { sid: 7 })).toBe('invalid_id');
  });

  test('has the data anywhere, without what is dropped', () => {
    const format = jsonStore({ ...layout, data: ['session'], drop: ['_expire'] });
    expect(read(format, { session: { a: 1, _expire: 2 } })).toMatchObject({ data: { a: '1' } });
    expect(read(format, { session: 7 })).toBe('other_format');
    expect(read(format, {})).toBe('other_format');
  });

  test.each([
    [now + 5000, 5000],
    [(now + 5000) / 1000, 5000],
    [iso(now + 5000), 5000],
    ['soon', 9000],
    [null, 9000],
  ])('ends at %j', (end, lifetimeMs) => {
    expect(read(jsonStore({ ...layout, expires: ['end'] }), { end }, 9000)).toMatchObject({ lifetimeMs });
  });

  test('has expired at its end', () => {
    expect(read(jsonStore({ ...layout, expires: ['end'] }), { end: now }, 9000)).toBe('expired');
  });
});
