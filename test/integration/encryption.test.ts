import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { emptyContent } from '../../server/src/session/content';
import { UnreadableRecordError } from '../../server/src/session/errors';
import type { NewSession, SessionRef, SessionStore } from '../../server/src/session/session-store';
import { createTokens, randomSigningKey } from '../../server/src/tokens/token';
import { newContentKey, TestEncryption } from '../support/encryption';
import { until } from '../support/poll';
import type { RedisServer } from '../support/redis';
import { recordsIn } from '../support/redis-inspection';
import { stackForAllTests } from '../support/stack';
import {
  generousLimits,
  keyPrefix,
  makeRedisStore,
  redisConnectionOptions,
  twentyMinutes,
} from '../support/store-harness';
import type { StoreHarness } from '../support/store-harness';

const stack = stackForAllTests();
const tokens = createTokens([randomSigningKey()]);
const [first, second] = [newContentKey(), newContentKey()];
const encryption = new TestEncryption(first);
let redis: RedisServer;
let harness: StoreHarness;
let store: SessionStore;

beforeAll(async () => {
  redis = await stack.redis();
  const connection = redisConnectionOptions({ nodes: [{ host: '127.0.0.1', port: redis.port }] });
  const make = makeRedisStore(connection, [redis], { encryption });
  harness = stack.use(await make({ expiry: twentyMinutes, limits: generousLimits }));
  store = harness.store;
});

beforeEach(async () => {
  await redis.admin.flushall();
  encryption.keys.replace({ encrypts: true, keys: [first] });
});

const set = { mutations: [{ kind: 'set', key: 'MARKkey', value: Buffer.from('"MARKvalue"') }] } as const;
const message = Buffer.from('"MARKmessage"');
const push = { mutations: [{ kind: 'push_flash', queue: 'MARKqueue', message, unlessPresent: false }] } as const;

async function create(session: Partial<NewSession> = {}): Promise<NewSession> {
  const { handle, secretHash } = tokens.issue();
  const { idleTimeout } = twentyMinutes;
  const created = { handle, secretHash, content: emptyContent, csrfToken: 'MARKcsrf', idleTimeout, subject: undefined };
  await store.create({ ...created, ...session });
  return { ...created, ...session };
}

const recordOf = async ({ handle }: SessionRef): Promise<string> =>
  (await redis.admin.getBuffer(keyPrefix + handle))?.toString('latin1') ?? '';
const formatOf = async (ref: SessionRef): Promise<string> => (await recordOf(ref)).slice(0, 1);
const loadedData = async (ref: SessionRef) => (await store.load(ref))?.session.data;
const data = new Map([['MARKkey', Buffer.from('"MARKvalue"')]]);

async function withoutKeys(work: () => Promise<NewSession>): Promise<NewSession> {
  encryption.keys.replace();
  const session = await work();
  encryption.keys.replace({ encrypts: true, keys: [first] });
  return session;
}

const filledInClear = (): Promise<NewSession> =>
  withoutKeys(async () => {
    const session = await create({ subject: 'ada' });
    await store.update(session, set);
    return session;
  });

test('keys, values, flash messages and CSRF token are not in Redis; subject and label are', async () => {
  const session = await create({ subject: 'CLEARsubject', label: 'CLEARlabel' });
  await store.update(session, set);
  await store.update(session, push);
  await store.update(session, { csrfToken: 'MARKother' });
  const record = await recordOf(session);
  expect(record).not.toContain('MARK');
  expect(record).toMatch(
    /^2 4 \d{13} \d{13} 1200000 [\w-]{43} [\w-]{8}\n@0,12 {2}CLEARsubject\n@5,10 label CLEARlabel\n\*/,
  );
  const loaded = await store.load(session);
  expect(loaded?.session).toMatchObject({
    ...{ data, csrfToken: 'MARKother', subject: 'CLEARsubject', label: 'CLEARlabel', version: 4 },
    flash: new Map([['MARKqueue', [message]]]),
  });
});

test('each change has another nonce, and so has one that only renames', async () => {
  const session = await create();
  const seen = new Set([(await recordOf(session)).split('A256GCM ')[1]]);
  for (const change of [set, { label: 'one' }, { label: 'two' }]) {
    await store.update(session, change);
    seen.add((await recordOf(session)).split('A256GCM ')[1]);
  }
  expect(seen.size).toBe(4);
});

describe('a session in clear', () => {
  test('is read, and encrypted with its next change', async () => {
    const session = await filledInClear();
    expect(await formatOf(session)).toBe('1');
    encryption.takeReads();
    expect(await loadedData(session)).toEqual(data);
    expect(encryption.takeReads()).toEqual(['none']);
    await store.update(session, push);
    expect(await formatOf(session)).toBe('2');
    expect(await recordOf(session)).not.toContain('MARK');
    expect(await loadedData(session)).toEqual(data);
    expect(encryption.takeReads()).toEqual(['none', 'current']);
  });

  test('is encrypted with its next recorded access, at the same version', async () => {
    const session = await filledInClear();
    await harness.advance(120_000);
    const loaded = await store.load(session);
    expect(loaded).toMatchObject({ touched: true, session: { data, version: 2 } });
    await until('the record to be encrypted', async () => (await formatOf(session)) === '2');
    const { accessed } = loaded!.session;
    const after = await store.load(session);
    expect(after).toMatchObject({ touched: false, session: { data, version: 2, subject: 'ada' } });
    expect(after!.session.accessed).toBeGreaterThanOrEqual(accessed);
  });

  test('is encrypted with a change that changes nothing, at the same version', async () => {
    const session = await filledInClear();
    const outcome = await store.update(session, { mutations: [{ kind: 'delete', key: 'other' }] });
    expect(outcome).toMatchObject({ status: 'updated', session: { version: 2 }, results: [{ applied: false }] });
    expect(await formatOf(session)).toBe('2');
    expect(await loadedData(session)).toEqual(data);
  });
});

describe('a session under an old key', () => {
  test('is read, encrypted anew with its next change or recorded access, and needs the old key no longer', async () => {
    const [changed, used, idle] = [await create(), await create(), await create()];
    for (const session of [changed, used, idle]) await store.update(session, set);
    encryption.keys.replace({ encrypts: true, keys: [second, first] });
    encryption.takeReads();
    expect(await loadedData(changed)).toEqual(data);
    expect(encryption.takeReads()).toEqual(['old']);
    await store.update(changed, push);
    await harness.advance(120_000);
    const before = await recordOf(used);
    expect(await loadedData(used)).toEqual(data);
    await until('another key', async () => (await recordOf(used)).split(' ')[6] !== before.split(' ')[6]);
    encryption.keys.replace({ encrypts: true, keys: [second] });
    expect(await loadedData(changed)).toEqual(data);
    expect(await loadedData(used)).toEqual(data);
    await expect(store.load(idle)).rejects.toEqual(new UnreadableRecordError(idle.handle, 'unknown_key'));
  });
});

describe('when keys only decrypt', () => {
  const off = (): void => encryption.keys.replace({ encrypts: false, keys: [first] });

  test('encrypted sessions are read, and in clear after their next change; new ones are in clear', async () => {
    const session = await create();
    await store.update(session, push);
    off();
    await store.update(session, set);
    expect(await formatOf(session)).toBe('1');
    const { session: loaded } = (await store.load(session))!;
    expect(loaded).toMatchObject({ data, csrfToken: 'MARKcsrf', version: 3 });
    expect([...loaded.flash.keys()]).toEqual(['MARKqueue']);
    expect(await formatOf(await create())).toBe('1');
  });

  test('a recorded access decrypts, too, and what else a change can do is done', async () => {
    const [used, renamed] = [await create(), await create()];
    await store.update(renamed, set);
    off();
    await harness.advance(120_000);
    await store.load(used);
    await until('the record to be in clear', async () => (await formatOf(used)) === '1');
    await expect(store.update(renamed, { ifVersion: 7 })).resolves.toMatchObject({ status: 'version_mismatch' });
    await expect(store.update(renamed, { fence: 7 })).resolves.toMatchObject({ status: 'lease_lost' });
    await store.update(renamed, { csrfToken: 'MARKother', label: 'one' });
    expect(await store.load(renamed)).toMatchObject({ session: { csrfToken: 'MARKother', label: 'one', data } });
  });
});

describe('an encrypted session that cannot be decrypted', () => {
  async function expectUnreadable(session: NewSession, problem: 'unknown_key' | 'not_authentic' | 'damaged') {
    const before = await recordsIn(redis);
    const unreadable = new UnreadableRecordError(session.handle, problem);
    encryption.takeReads();
    await expect(store.load(session)).rejects.toEqual(unreadable);
    expect(encryption.takeReads()).toContain('failed');
    await expect(store.update(session, set)).rejects.toEqual(unreadable);
    await expect(store.update(session, {})).rejects.toEqual(unreadable);
    const page = { after: undefined, size: 10, maxDataBytes: 1000 };
    expect((await store.listSubject('ada', page)).sessions.map(({ handle }) => handle)).not.toContain(session.handle);
    expect(await recordsIn(redis)).toEqual(before);
    await expect(store.delete(session)).resolves.toBe(true);
    expect(await recordOf(session)).toBe('');
  }

  test('because its key is not set is reported as such, left as it is, and can be ended', async () => {
    const session = await create({ subject: 'ada' });
    encryption.keys.replace({ encrypts: true, keys: [second] });
    // An access would be recorded, and a lease written.
    await harness.advance(120_000);
    const before = await recordsIn(redis);
    const acquired = store.acquire(session, { holder: 'one', durationMs: 60_000 });
    await expect(acquired).rejects.toEqual(new UnreadableRecordError(session.handle, 'unknown_key'));
    expect(await recordsIn(redis)).toEqual(before);
    await expectUnreadable(session, 'unknown_key');
    const other = await create({ subject: 'ada' });
    encryption.keys.replace();
    await expectUnreadable(other, 'unknown_key');
  });

  test('because its content was changed, or is that of another session', async () => {
    const [changed, moved, source] = [await create({ subject: 'ada' }), await create(), await create()];
    const record = (await redis.admin.getBuffer(keyPrefix + changed.handle))!;
    record[record.length - 2]! ^= 1;
    await redis.admin.set(keyPrefix + changed.handle, record);
    await expectUnreadable(changed, 'not_authentic');
    const [, body = ''] = (await recordOf(source)).split('\n*');
    const [head = ''] = (await recordOf(moved)).split('\n*');
    await redis.admin.set(keyPrefix + moved.handle, Buffer.from(`${head}\n*${body}`, 'latin1'));
    await expectUnreadable(moved, 'not_authentic');
  });

  test('because its record is damaged', async () => {
    const session = await create();
    await redis.admin.append(keyPrefix + session.handle, '=1,1 a 1\n');
    await expectUnreadable(session, 'damaged');
  });

  test('says which setting it needs, and nothing of a key', () => {
    const { message } = new UnreadableRecordError('handle', 'unknown_key');
    expect(message).toBe(
      'The stored record of session handle cannot be read (unknown_key). It is encrypted with a key that SESSION_SIDECAR_ENCRYPTION_KEYS does not have.',
    );
  });
});

test('lists have the data of encrypted sessions, and their labels without it', async () => {
  const session = await create({ subject: 'ada', label: 'phone' });
  await store.update(session, set);
  const page = { after: undefined, size: 10 };
  const [whole] = (await store.listSubject('ada', { ...page, maxDataBytes: 1000 })).sessions;
  expect(whole).toMatchObject({ label: 'phone', data, version: 2 });
  const [front] = (await store.listSubject('ada', { ...page, maxDataBytes: undefined })).sessions;
  expect(front).toMatchObject({ label: 'phone', data: new Map(), version: 2 });
});
