import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { emptyContent } from '../../server/src/session/content';
import { UnreadableRecordError } from '../../server/src/session/errors';
import type { NewSession, SessionRef, SessionStore } from '../../server/src/session/session-store';
import { createTokens, randomSigningKey } from '../../server/src/tokens/token';
import { decodeRecord } from '../../server/src/store/redis/record-codec';
import type { RedisServer } from '../support/redis';
import {
  generousLimits,
  keyPrefix,
  makeRedisStore,
  redisConnectionOptions,
  twentyMinutes,
} from '../support/store-harness';
import type { StoreHarness } from '../support/store-harness';
import { recordsIn } from '../support/redis-inspection';
import { stackForAllTests } from '../support/stack';
import { codePoint } from '../support/code-point';

const tokens = createTokens([randomSigningKey()]);
const set = { mutations: [{ kind: 'set', key: 'new', value: Buffer.from('1') }] } as const;

describe('records that differ from ours', () => {
  const stack = stackForAllTests();
  let server: RedisServer;
  let harness: StoreHarness;
  let store: SessionStore;
  let session: NewSession;
  let key: string;

  beforeAll(async () => {
    server = await stack.redis();
    const nodes = [{ host: '127.0.0.1', port: server.port }];
    harness = stack.use(
      await makeRedisStore(redisConnectionOptions({ nodes }), [server])({
        expiry: twentyMinutes,
        limits: generousLimits,
      }),
    );
    store = harness.store;
  });

  beforeEach(async () => {
    await server.admin.flushall();
    const { handle, secretHash } = tokens.issue();
    session = { handle, secretHash, content: emptyContent, csrfToken: 'csrf', idleTimeout: 1, subject: undefined };
    key = keyPrefix + handle;
  });

  const header = (parts: Partial<Record<'version' | 'created' | 'accessed' | 'idle' | 'csrf', string>> = {}) => {
    const now = String(Date.now());
    const { version = '1', created = now, accessed = now, idle = '-', csrf = 'csrf' } = parts;
    return `1 ${version} ${created} ${accessed} ${idle} ${session.secretHash} ${csrf}\n`;
  };
  const nothing = '@0,1  7\n@5,1 later 8\n=1,1 a 1\n!1,1 q 1\n';

  async function put(record: string | Buffer): Promise<void> {
    await server.admin.set(key, record);
  }

  async function expectDamaged(): Promise<void> {
    const before = await recordsIn(server);
    const unreadable = new UnreadableRecordError(session.handle, 'damaged');
    await expect(store.load(session)).rejects.toEqual(unreadable);
    await expect(store.update(session, set)).rejects.toEqual(unreadable);
    await expect(store.update(session, {})).rejects.toEqual(unreadable);
    expect(await recordsIn(server)).toEqual(before);
  }

  const replaced = (): SessionRef => ({ ...session, secretHash: tokens.issue().secretHash });

  async function expectEnded(ref: SessionRef = session): Promise<void> {
    await expect(store.delete(ref)).resolves.toBe(true);
    await expect(store.load(session)).resolves.toBeUndefined();
    expect(await recordsIn(server)).toEqual({});
  }

  describe('an access is recorded without damage', () => {
    test.each([
      ['as many digits as now', String(Date.now() - 3_600_000)],
      ['fewer digits', '999999999999'],
      ['one digit', '7'],
    ])('over a time of %s', async (_what, accessed) => {
      await put(header({ accessed, created: accessed }) + nothing);
      const ttl = await server.admin.pttl(key);
      const loaded = await store.load(session);
      expect(loaded).toMatchObject({
        touched: true,
        session: {
          csrfToken: 'csrf',
          subject: '7',
          created: Number(accessed),
          data: new Map([['a', Buffer.from('1')]]),
          flash: new Map([['q', [Buffer.from('1')]]]),
        },
      });
      const record = await server.admin.get(key);
      expect(record).toBe(header({ accessed: String(loaded?.session.accessed), created: accessed }) + nothing);
      expect(await server.admin.pttl(key)).toBe(ttl);
      await expect(store.load(session)).resolves.toMatchObject({ touched: false });
    });

    test('through an update that changes nothing', async () => {
      await put(header({ accessed: '999999999999', created: '5' }) + nothing);
      await store.update(session, {});
      const loaded = await store.load(session);
      expect(loaded).toMatchObject({ touched: false, session: { created: 5, subject: '7' } });
      expect(loaded?.session.accessed).toBeGreaterThan(1e12);
    });
  });

  test.each([
    ['that only sets keys', []],
    ['of another kind', [{ kind: 'delete', key: 'missing' }] as const],
  ])('an update %s writes a new key after the others and before the messages', async (_what, others) => {
    await put(header() + nothing);
    await store.update(session, { mutations: [...set.mutations, ...others] });
    const [, ...body] = (await server.admin.get(key))!.split('\n');
    expect(body).toEqual(['@0,1  7', '@5,1 later 8', '=1,1 a 1', '=3,1 new 1', '!1,1 q 1', '']);
  });

  test('times in the future are read as they are, since clocks differ', async () => {
    const future = String(Date.now() + 86_400_000);
    await put(header({ created: future, accessed: future, idle: '1200000' }) + nothing);
    await expect(store.load(session)).resolves.toMatchObject({
      touched: false,
      session: { created: Number(future), accessed: Number(future) },
    });
    await put(header({ accessed: '99999999999999' }) + nothing);
    await expect(store.load(session)).resolves.toMatchObject({ touched: false, session: { accessed: 99999999999999 } });
    await expect(store.update(session, set)).resolves.toMatchObject({ status: 'updated' });
  });

  test.each<[string, Parameters<typeof header>[0]]>([
    ['a version with a leading zero', { version: '01' }],
    ['the version 0', { version: '0' }],
    ['a negative version', { version: '-1' }],
    ['a version past 2^53', { version: '9007199254740993' }],
    ['a version that is a fraction', { version: '1.5' }],
    ['an empty version', { version: '' }],
    ['a creation with a leading zero', { created: '01795545576005' }],
    ['a creation that no date holds', { created: '179554557600500' }],
    ['an access of 0', { accessed: '0' }],
    ['an access with a leading zero', { accessed: '0795545576005' }],
    ['an access that no date holds', { accessed: '9007199254740991' }],
    ['a negative access', { accessed: '-795545576005' }],
    ['an idle timeout of 0', { idle: '0' }],
    ['a negative idle timeout', { idle: '-5' }],
    ['an idle timeout of two numbers', { idle: '5-5' }],
    ['an idle timeout of centuries', { idle: '1000000000000' }],
    ['an empty idle timeout', { idle: '' }],
    ['a CSRF token with other characters', { csrf: 'c.s' }],
    ['an empty CSRF token', { csrf: '' }],
  ])('%s is reported as damaged, and left as it is until any token of the session ends it', async (_what, parts) => {
    for (const ref of [session, replaced()]) {
      await put(header(parts) + nothing);
      await expectDamaged();
      await expectEnded(ref);
    }
  });

  test.each([
    ['a key twice', '=1,1 a 1\n=1,1 a 2\n'],
    ['a subject twice', '@0,1  7\n@0,1  7\n'],
    ['an attribute twice', '@1,1 a 7\n@0,1  7\n@1,1 a 8\n'],
    ['an attribute after a key', '=1,1 a 1\n@1,1 a 7\n'],
    ['an attribute after a message', '!1,1 q 1\n@0,1  7\n'],
    ['a subject of no bytes', '@0,0  \n'],
    ['no length of a name', '=,1 a 1\n'],
    ['no length of a value', '=1, a 1\n'],
    ['a length past 2^53', `=1,${'9'.repeat(20)} a 1\n`],
    ['a length past all numbers', `=${'9'.repeat(400)},1 a 1\n`],
    ['a negative length', '=1,-1 a 1\n'],
    ['a byte too many', '=1,1 a 1\n\n'],
    ['a line break too few', '=1,1 a 1'],
    ['a key that is not UTF-8', Buffer.from('=1,1 \xff 1\n', 'latin1')],
    ['a queue that is not UTF-8', Buffer.from('!2,1 \xc3\x28 1\n', 'latin1')],
    ['half of a surrogate pair', Buffer.from('=3,1 \xed\xa0\x80 1\n', 'latin1')],
    ['a subject that is not UTF-8', Buffer.from('@0,1  \xff\n', 'latin1')],
    ['an attribute whose name is not UTF-8', Buffer.from('@1,1 \xff 1\n', 'latin1')],
  ])('%s is reported as damaged, and left as it is until its own token ends it', async (_what, body) => {
    // A read of the last two is due to be recorded.
    for (const accessed of [undefined, '1795545576005', '999999999999']) {
      await put(Buffer.concat([Buffer.from(header(accessed === undefined ? {} : { accessed })), Buffer.from(body)]));
      await expectDamaged();
      await expect(store.delete(replaced())).resolves.toBe(false);
      await expectDamaged();
      await expectEnded();
    }
  });

  test('names and subjects of any UTF-8, and lengths with leading zeros, are read', async () => {
    const name = 'a\u0000 \u00e9\u20ac\ufffd\u{1f36a}\u{10ffff}';
    const bytes = Buffer.byteLength(name);
    await put(`${header()}@0,3  \u20ac\n=${bytes},01 ${name} 1\n!${bytes},1 ${name} 1\n`);
    await store.update(session, set);
    await expect(store.load(session)).resolves.toMatchObject({
      session: {
        subject: '\u20ac',
        data: new Map([
          [name, Buffer.from('1')],
          ['new', Buffer.from('1')],
        ]),
      },
    });
  });

  test('the greatest version can be read and not be changed', async () => {
    await put(header({ version: '999999999999999' }) + nothing);
    await expect(store.load(session)).resolves.toMatchObject({ session: { version: 999999999999999 } });
    const before = await recordsIn(server);
    await expect(store.update(session, set)).rejects.toEqual(new UnreadableRecordError(session.handle, 'damaged'));
    expect(await recordsIn(server)).toEqual(before);
  });

  test('any bytes are read alike by both codecs, or reported by both and not altered', async () => {
    const number = fc.oneof(
      fc.constantFrom('1', '0', '01', '', '-', '-1', '7', '999999999999', '99999999999999', '9'.repeat(16), '1e3', 'x'),
      fc.nat({ max: 20 }).map((digits) => '1'.repeat(digits)),
      fc.constant(String(Date.now())),
    );
    const headers = fc
      .tuple(number, number, number, fc.oneof(fc.constant('-'), number), fc.constantFrom('csrf', '', 'a b', '\u00e9'))
      .map(([version, created, accessed, idle, csrf]) => header({ version, created, accessed, idle, csrf }));
    const text = fc.oneof(
      fc.constantFrom('', 'a', 'b', '\n', ' ', '\u00e9', 'a b'),
      fc.string({ unit: codePoint, maxLength: 3 }),
    );
    const entry = fc
      .tuple(fc.constantFrom(...'===!!!@?'), text, text, fc.constantFrom(...Array<number>(20).fill(0), 1, -1))
      .map(([kind, name, value, off]) => {
        return `${kind}${Buffer.byteLength(name)},${Buffer.byteLength(value) + off} ${name} ${value}\n`;
      });
    const attributesFirst = (entries: string[]) =>
      [true, false].flatMap((first) => entries.filter((line) => line.startsWith('@') === first));
    const entries = fc
      .tuple(fc.array(entry, { maxLength: 4 }), fc.nat({ max: 9 }))
      .map(([lines, order]) => (order === 0 ? lines : attributesFirst(lines)));
    const whole = fc
      .tuple(fc.oneof({ weight: 8, arbitrary: fc.constant(undefined) }, headers), entries)
      .map(([head, lines]) => Buffer.from(`${head ?? header()}${lines.join('')}`));
    const mutated = fc
      .tuple(whole, fc.nat(), fc.uint8Array({ maxLength: 3 }), fc.nat({ max: 2 }))
      .map(([record, at, bytes, cut]) => {
        const place = at % (record.length + 1);
        return Buffer.concat([record.subarray(0, place), bytes, record.subarray(place + cut)]);
      });
    const record = fc.oneof(
      whole,
      mutated,
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    );
    const seen = { read: 0, damaged: 0 };

    const property = fc.asyncProperty(record, async (bytes) => {
      await put(bytes);
      const before = await recordsIn(server);
      const decoded = decodeRecord(bytes);
      const outcome = async (work: Promise<unknown>) => {
        const result = await work.then(
          () => 'read',
          (error: unknown) => (error instanceof UnreadableRecordError ? 'damaged' : error),
        );
        if (result === 'damaged') expect(await recordsIn(server)).toEqual(before);
        return result;
      };
      seen[decoded === undefined ? 'damaged' : 'read'] += 1;
      const loading = store.load(session);
      expect(await outcome(loading)).toBe(decoded === undefined && (await isFound(loading)) ? 'damaged' : 'read');
      if (!(await isFound(loading))) return;
      await put(bytes);
      const isLast = decoded?.version === 999_999_999_999_999;
      if (decoded === undefined) {
        expect(await outcome(store.update(session, set))).toBe('damaged');
        if (!isNewer(bytes) || bytes.includes(session.secretHash)) return expectEnded();
        expect(await outcome(store.delete(session))).toBe('damaged');
        return;
      }
      expect(await outcome(store.update(session, set))).toBe(isLast ? 'damaged' : 'read');
      if (isLast) return;
      const { data, flash } = decoded.content;
      const changed = await store.load(session);
      expect(changed?.session.version).toBe(decoded.version + 1);
      expect(decodeRecord((await server.admin.getBuffer(key))!)?.attributes).toEqual(decoded.attributes);
      expect([...(changed?.session.data ?? [])]).toEqual([...data, ['new', Buffer.from('1')]]);
      expect([...(changed?.session.flash ?? [])]).toEqual([...flash]);
    });
    /** Whether other sidecars may read it. */
    const isNewer = (bytes: Buffer): boolean => Number(/^([1-9]\d*) /.exec(bytes.toString('latin1'))?.[1]) > 2;
    /** Of a session that has ended, or with another secret, no store looks further than at the header. */
    const isFound = (loading: ReturnType<SessionStore['load']>) =>
      loading.then(
        (loaded) => loaded !== undefined,
        () => true,
      );
    await fc.assert(property, { numRuns: 3000, endOnFailure: false });
    expect(Math.min(seen.read, seen.damaged)).toBeGreaterThan(500);
  });
});
