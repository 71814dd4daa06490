import type { Sidecar } from '../../support/sidecar';
import type { ISession } from '@session-sidecar/client';
import { beforeEach, expect, test } from '@jest/globals';
import { SessionClient } from '@session-sidecar/client';
import { codeOf } from '../../support/client';
import { connectRaw, mutation } from '../../support/raw-grpc';
import { describeClientSession } from './fixture';
import type { Shop } from './fixture';

describeClientSession('the values of a session', (fixture) => {
  let sidecar: Sidecar;
  let session: ISession<Shop>;

  beforeEach(() => {
    ({ sidecar, session } = fixture);
  });
  const { next, stored } = fixture;

  test('values of other languages are read, and not rewritten for their spaces and escapes', async () => {
    const raw = connectRaw(sidecar.address);
    const mutations = [mutation.set('cart', ' [ "t\\u0065a" ] '), mutation.set('visits', '12345678901234567890')];
    await raw.call('updateSession', { token: session.token!, mutations });
    const found = await next();
    expect([found.get('cart'), found.hasChanges]).toEqual([['tea'], false]);
    found.set('note', 'x');
    await found.save();
    const { data } = (await raw.call('getSession', { token: session.token! })).session!;
    expect([String(data.get('cart')), String(data.get('visits'))]).toEqual([
      ' [ "t\\u0065a" ] ',
      '12345678901234567890',
    ]);
    raw.close();
  });

  test('an integer that JavaScript cannot hold can be read, but nothing beside it in the value be changed', async () => {
    const raw = connectRaw(sidecar.address);
    const exact = '{"id": 9007199254740993, "name": "Ada"}';
    await raw.call('updateSession', { token: session.token!, mutations: [mutation.set('user', exact)] });
    const found = await next();
    expect(found.get('user')?.name).toBe('Ada');
    found.set('visits', 2);
    await found.save();
    found.get('user')!.name = 'Bob';
    expect(await codeOf(found.save())).toBe('VALUE_UNREADABLE');
    await found.reload();
    expect(await codeOf(found.transform('user', (user) => ({ ...user!, name: 'Bob' })))).toBe('VALUE_UNREADABLE');
    const { data } = (await raw.call('getSession', { token: session.token! })).session!;
    raw.close();
    expect([String(data.get('user')), String(data.get('visits'))]).toEqual([exact, '2']);
    found.set('user', { id: 8, name: 'Bob' });
    await found.save();
    expect((await stored()).user).toEqual({ id: 8, name: 'Bob' });
  });

  test('a value that the codec cannot read fails when it is read, and can be overwritten', async () => {
    const raw = connectRaw(sidecar.address);
    await raw.call('updateSession', { token: session.token!, mutations: [mutation.set('note', 'no JSON')] });
    raw.close();
    const found = await next();
    expect(found.get('visits')).toBe(1);
    expect(() => found.get('note')).toThrow(expect.objectContaining({ code: 'VALUE_UNREADABLE' }));
    found.set('note', 'readable');
    await found.save();
    expect((await stored()).note).toBe('readable');
  });

  test("with an application's codec, holds what JSON cannot", async () => {
    interface Wide {
      since: Date;
      big: bigint;
      tags: Set<string>;
    }
    const codec = {
      encode: (value: unknown) =>
        Buffer.from(
          JSON.stringify(value, function (this: Record<string, unknown>, key, plain: unknown) {
            const held = this[key];
            if (held instanceof Date) return { $date: held.getTime() };
            if (held instanceof Set) return { $set: [...held] as unknown[] };
            return typeof held === 'bigint' ? { $bigint: String(held) } : plain;
          }),
        ),
      decode: (bytes: Uint8Array): unknown =>
        JSON.parse(
          Buffer.from(bytes).toString(),
          (_key, value: { $date?: number; $set?: string[]; $bigint?: string } | null) => {
            if (value?.$date !== undefined) return new Date(value.$date);
            if (value?.$set !== undefined) return new Set(value.$set);
            return value?.$bigint === undefined ? value : BigInt(value.$bigint);
          },
        ),
    };
    const wide = new SessionClient<Wide>({ address: sidecar.address, codec, timeoutMs: 20_000 });
    const written = wide.create();
    written.update({ since: new Date(5), big: 2n ** 64n, tags: new Set(['a']) });
    await written.save();
    const read = await wide.open(written.token);
    expect(read.toObject()).toEqual({ since: new Date(5), big: 2n ** 64n, tags: new Set(['a']) });
    read.get('tags')!.add('b');
    await read.save();
    expect((await wide.open(written.token)).get('tags')).toEqual(new Set(['a', 'b']));
    wide.close();
  });
});
