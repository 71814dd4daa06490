import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { ContentKeys } from '../../server/src/store/redis/encryption/content-keys';
import { RedisStore } from '../../server/src/store/redis/redis-store';
import { until } from '../support/poll';
import type { RedisServer } from '../support/redis';
import {
  connectForTest,
  generousLimits,
  keyPrefix,
  redisConnectionOptions,
  twentyMinutes,
} from '../support/store-harness';
import { stackForAllTests } from '../support/stack';

const stack = stackForAllTests();

/*
 * Records of format 1, as docs/reference/storage.md describes them and as they are in Redis when a sidecar is updated: a sidecar that
 * cannot read them loses every session, and one that writes others cannot be rolled back.
 */
const ref = { handle: 'g2YzDltqh-MKbpd_Fo7bAA', secretHash: 'dfY5JE24fBlCNkGKhpR2R6ZnEq7MKdi_IqqmaRCoZY4' };
const stored = keyPrefix + ref.handle;
const csrfToken = 'bxmuD8Nxjx7vX4r7OAF8lg';
/** In the year 2100: no such record expires, and none is due to be touched. */
const accessed = 4_102_444_800_000;

const golden = [
  `1 3 1795545576005 ${accessed} 1200000 ${ref.secretHash} ${csrfToken}`,
  '@0,1  7',
  '=4,21 user {"id":7,"name":"Ada"}',
  '=4,7 cart ["tea"]',
  '=8,13 größe  "two\nlines="\n',
  '!0,7  "Saved"',
  '!0,1  1',
  '!6,2 errors {}',
  '',
].join('\n');

const content = {
  data: new Map([
    ['user', Buffer.from('{"id":7,"name":"Ada"}')],
    ['cart', Buffer.from('["tea"]')],
    ['größe ', Buffer.from('"two\nlines="\n')],
  ]),
  flash: new Map([
    ['', [Buffer.from('"Saved"'), Buffer.from('1')]],
    ['errors', [Buffer.from('{}')]],
  ]),
};

let redis: RedisServer;
let store: RedisStore;

beforeAll(async () => {
  redis = await stack.redis();
  const options = redisConnectionOptions({ socketPath: redis.socketPath });
  const { commandTimeoutMs } = options;
  const keys = new ContentKeys({ encrypts: false, keys: [Buffer.alloc(32, 'k')] });
  const settings = { expiry: twentyMinutes, limits: generousLimits, keyPrefix, expireKeys: true, commandTimeoutMs };
  store = stack.use(new RedisStore({ connection: connectForTest(options), ...settings, encryption: { keys } }));
  await until('the Redis connection', () => store.ready);
});

afterEach(async () => {
  await redis.admin.flushall();
});

describe('an encrypted record of the first release that has them', () => {
  const value = Buffer.from(
    'AAECAwQFBgcICQoLmC25anwrpZb7XHoFjEhwL4NAECHi1ehVk5/RzaxVw4p1u8BSzXsV9j9eiwLYzieXkavWVQe9WiMf2rgVhVR59Mvqt22CQQNOeweuiexv/2PS7Xwj4oqXqhgTg5KzTBR0olJL5+GY5JU1Al8kccenrSD1H0EcNQJVj82gQKo+nnWmpUbc8eLJJSo5PwDgFDoMuXPdmV+sZHSWbRCM',
    'base64',
  );
  const head = `2 3 1795545576005 ${accessed} 1200000 ${ref.secretHash} 1ZU7Ne_4\n@0,1  7\n*7,168 A256GCM `;
  const encrypted = Buffer.concat([Buffer.from(head), value, Buffer.from('\n')]);

  test('is read like one in clear', async () => {
    await redis.admin.set(stored, golden);
    const inClear = await store.load(ref);
    await redis.admin.set(stored, encrypted);
    expect(await store.load(ref)).toEqual(inClear);
  });
});

describe('a record of the first release', () => {
  test('with everything in it is read', async () => {
    await redis.admin.set(stored, golden);
    expect(await store.load(ref)).toEqual({
      touched: false,
      generation: expect.any(Buffer),
      liveMs: 0,
      session: {
        handle: ref.handle,
        csrfToken,
        subject: '7',
        ...content,
        bytes: 73,
        version: 3,
        created: 1_795_545_576_005,
        accessed,
        idleTimeout: 1_200_000,
        expires: accessed + 1_200_000 + 60_000,
      },
    });
  });

  test('with nothing in it is read', async () => {
    await redis.admin.set(stored, `1 1 1795545576005 ${accessed} - ${ref.secretHash} ${csrfToken}\n`);
    expect(await store.load(ref)).toEqual({
      touched: false,
      generation: expect.any(Buffer),
      liveMs: 0,
      session: {
        handle: ref.handle,
        csrfToken,
        subject: undefined,
        data: new Map(),
        flash: new Map(),
        bytes: 0,
        version: 1,
        created: 1_795_545_576_005,
        accessed,
        idleTimeout: undefined,
        expires: undefined,
      },
    });
  });

  test('is not read with another secret', async () => {
    await redis.admin.set(stored, golden);
    expect(await store.load({ ...ref, secretHash: ref.secretHash.replace('d', 'e') })).toBeUndefined();
  });

  test('is changed, and keeps what was not changed, byte for byte', async () => {
    await redis.admin.set(stored, golden);
    const mutations = [{ kind: 'set', key: 'cart', value: Buffer.from('[]') }] as const;
    expect(await store.update(ref, { mutations })).toMatchObject({ status: 'updated', session: { version: 4 } });
    const now = /^1 4 1795545576005 (\d{13}) /.exec((await redis.admin.get(stored)) ?? '')?.[1] ?? '';
    const expected = golden
      .replace('1 3 ', '1 4 ')
      .replace(String(accessed), now)
      .replace('=4,7 cart ["tea"]', '=4,2 cart []');
    expect(await redis.admin.get(stored)).toBe(expected);
  });

  test('is ended', async () => {
    await redis.admin.set(stored, golden);
    expect(await store.delete(ref)).toBe(true);
    expect(await redis.admin.exists(stored)).toBe(0);
  });
});

describe('a record of a later release', () => {
  const later = golden.replace('@0,1  7\n', '@0,1  7\n@5,13 label Ada’s phone\n@7,2 unknown 42\n');

  test('with attributes that this one does not know is read, and keeps them when it is changed', async () => {
    await redis.admin.set(stored, later);
    expect(await store.load(ref)).toMatchObject({ session: { subject: '7', ...content } });
    const set = { kind: 'set', key: 'cart', value: Buffer.from('["tea"]') } as const;
    const attributesOf = (record: string | null) => record?.split('\n').filter((line) => line.startsWith('@'));
    for (const update of [{ mutations: [set] }, { mutations: [set], csrfToken: 'fresh' }, { subject: '8' }]) {
      expect(await store.update(ref, update)).toMatchObject({ status: 'updated' });
      const expected = update.subject === undefined ? later : later.replace('@0,1  7', '@0,1  8');
      expect(attributesOf(await redis.admin.get(stored))).toEqual(attributesOf(expected));
    }
    await store.update(ref, { subject: '' });
    expect(attributesOf(await redis.admin.get(stored))).toEqual(attributesOf(later)?.slice(1));
  });
});

describe('what is written now', () => {
  test('is the same record, when the session is created', async () => {
    const { created } = await store.create({ ...ref, content, csrfToken, idleTimeout: 1_200_000, subject: '7' });
    const [, ...entries] = golden.split('\n');
    const header = `1 1 ${created} ${created} 1200000 ${ref.secretHash} ${csrfToken}`;
    expect(await redis.admin.get(stored)).toBe([header, ...entries].join('\n'));
    expect(await redis.admin.pexpiretime(stored)).toBe(created + 1_200_000 + 60_000);
  });

  test('is the same record, when the session is changed into it', async () => {
    await store.create({
      ...ref,
      content: { data: new Map(), flash: new Map() },
      csrfToken: 'old',
      idleTimeout: undefined,
      subject: undefined,
    });
    const mutations = [
      ...[...content.data].map(([key, value]) => ({ kind: 'set', key, value }) as const),
      ...[...content.flash].flatMap(([queue, messages]) =>
        messages.map((message) => ({ kind: 'push_flash', queue, message, unlessPresent: false }) as const),
      ),
    ];
    const outcome = await store.update(ref, { mutations, csrfToken, idleTimeout: 1_200_000, subject: '7' });
    if (outcome.status !== 'updated') throw new Error(outcome.status);
    const { created, accessed: changed } = outcome.session;
    const [, ...entries] = golden.split('\n');
    const header = `1 2 ${created} ${changed} 1200000 ${ref.secretHash} ${csrfToken}`;
    expect(await redis.admin.get(stored)).toBe([header, ...entries].join('\n'));
  });
});
