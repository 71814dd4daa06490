import type { RawClient } from '../../support/raw-grpc';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { encodeRequest, mutation } from '../../support/raw-grpc';
import { describeBadInput, invalid, marked } from './fixture';

describeBadInput('in values, and in numbers of things', (fixture) => {
  let raw: RawClient;
  let token: string;

  beforeEach(() => {
    ({ raw, token } = fixture);
  });
  const { refused, update, session } = fixture;

  describe('in values', () => {
    test('an empty one is rejected', async () => {
      const violation = 'Expected a JSON text, got 0 bytes. JSON null is the four bytes null.';
      expect(await refused(() => update(mutation.set('a', '')))).toMatchObject(
        invalid({ 'mutations[0].set.value': violation }),
      );
      expect(await refused(() => update(mutation.setIfAbsent('a', '')))).toMatchObject(
        invalid({ 'mutations[0].set_if_absent.value': violation }),
      );
      expect(await refused(() => raw.call('pushFlash', { token, queue: '' }))).toMatchObject(
        invalid({ message: violation }),
      );
    });

    test('one that is larger than a session may be is refused, and the answer names the limit and the setting', async () => {
      const large = mutation.set('large', `"${marked.repeat(60_000)}"`);
      const metadata = { limit: '262144', setting: 'SESSION_SIDECAR_MAX_SESSION_SIZE' };
      const tooLarge = { status: 'RESOURCE_EXHAUSTED', reason: 'SESSION_TOO_LARGE', metadata };
      expect(await refused(() => update(large))).toMatchObject(tooLarge);
      expect(await refused(() => raw.call('createSession', { mutations: [large] }))).toMatchObject(tooLarge);
      expect(await refused(() => raw.call('regenerateSession', { token, mutations: [large] }))).toMatchObject(tooLarge);
      const message = Buffer.from(`"${marked.repeat(60_000)}"`);
      expect(await refused(() => raw.call('pushFlash', { token, message }))).toMatchObject(tooLarge);
    });

    test('all bytes are accepted and returned unchanged', async () => {
      const values = [
        Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
        Buffer.from('\n=1,1 a b\n'),
        Buffer.from([0]),
        Buffer.from([0xff, 0xfe]),
        Buffer.from('null'),
        Buffer.from(' { "a" : 1 } '),
      ];
      await update(...values.map((value, index) => mutation.set(`bytes ${index}`, value)));
      for (const value of values) await raw.call('pushFlash', { token, queue: 'bytes', message: value });
      const { data } = await session();
      expect(values.map((_, index) => data.get(`bytes ${index}`))).toEqual(values);
      expect((await raw.call('peekFlash', { token, queue: 'bytes' })).messages).toEqual(values);
    });
  });

  describe('in numbers of things', () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, index) => mutation.set(`${marked} ${index}`, '1'));

    test('1,000 keys fit, and one more does not', async () => {
      const { token: full } = await raw.call('createSession', { mutations: many(1000) });
      const metadata = { limit: '1000', setting: 'SESSION_SIDECAR_MAX_KEYS' };
      const tooMany = { status: 'RESOURCE_EXHAUSTED', reason: 'TOO_MANY_KEYS', metadata };
      const before = await raw.call('getSession', { token: full });
      const one = { token: full, mutations: [mutation.set('one more', '1')] };
      expect(await refused(() => raw.call('updateSession', one))).toMatchObject(tooMany);
      expect(await raw.call('getSession', { token: full })).toEqual(before);
    });

    test('more than 1,000 mutations are refused, in every method that changes', async () => {
      const mutations = many(1001);
      const metadata = { limit: '1000', setting: 'SESSION_SIDECAR_MAX_MUTATIONS' };
      const tooLarge = { status: 'RESOURCE_EXHAUSTED', reason: 'REQUEST_TOO_LARGE', metadata };
      for (const method of ['createSession', 'updateSession', 'regenerateSession'] as const) {
        expect(await refused(() => raw.call(method, { token, mutations }))).toMatchObject(tooLarge);
      }
    });

    test('an empty mutation, or one of a later version, is rejected', async () => {
      const description = 'Expected exactly one kind of mutation, got none this version knows.';
      const nothing = () => update(mutation.set('a', '1'), { kind: undefined });
      expect(await refused(nothing)).toMatchObject(invalid({ 'mutations[1]': description }));
      // Field 99 of a mutation, holding an empty message.
      const later = Buffer.concat([encodeRequest('updateSession', { token }), Buffer.from([0x12, 3, 0x9a, 0x06, 0])]);
      expect(await refused(() => raw.send('UpdateSession', later))).toMatchObject(
        invalid({ 'mutations[0]': description }),
      );
    });

    test('a message larger than the sidecar reads is RESOURCE_EXHAUSTED, and for the TypeScript client SESSION_TOO_LARGE', async () => {
      const large = mutation.set('large', 'x'.repeat(5 * 1024 * 1024));
      // gRPC itself refuses it before anybody could give a reason.
      expect(await refused(() => update(large))).toMatchObject({ status: 'RESOURCE_EXHAUSTED', reason: undefined });
      const client = fixture.connect<{ large: string }>();
      const opened = await client.open(token);
      opened.set('large', 'x'.repeat(5 * 1024 * 1024));
      await expect(opened.save()).rejects.toMatchObject({ code: 'SESSION_TOO_LARGE' });
    });
  });
});
