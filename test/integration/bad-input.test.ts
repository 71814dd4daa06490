import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Mutation } from '@session-sidecar/proto/session/v1/session';
import { connect } from '../support/client';
import { connectRaw, encodeRequest, failureOf, methods, mutation } from '../support/raw-grpc';
import type { MethodName, RawClient, RequestOf, RpcFailure } from '../support/raw-grpc';
import { metricOf } from '../support/ready-sidecar';
import type { Sidecar } from '../support/sidecar';
import type { RedisServer } from '../support/redis';
import { storedIn } from '../support/stored';
import { stackForAllTests } from '../support/stack';

/** In every key, value, queue, subject and token that is refused. No answer and no log may repeat it. */
const marked = 'zebra';

const nameRule = 'Expected 1 to 256 bytes of UTF-8 without control characters, got';
const queueRule = 'Expected 0 to 256 bytes of UTF-8 without control characters, got';
const timeoutRule = 'Expected 1 second to 315576000 seconds in whole milliseconds, got';
const safeRule = 'Expected an integer from -(2^53)+1 to 2^53-1 other than 0';

describe.each(['memory', 'Redis'])('bad input, with sessions in %s', (store) => {
  const stack = stackForAllTests();
  let redis: RedisServer | undefined;
  let sidecar: Sidecar;
  let raw: RawClient;

  beforeAll(async () => {
    redis = store === 'Redis' ? await stack.redis() : undefined;
    sidecar = await stack.sidecar({ redis, logLevel: 'debug' });
    raw = stack.use(connectRaw(sidecar.address));
  });

  let token: string;

  beforeEach(async () => {
    await redis?.admin.flushall();
    const mutations = [
      mutation.set('text', '"hello"'),
      mutation.set('list', '[1]'),
      mutation.set('number', '1'),
      mutation.set('most', String(Number.MAX_SAFE_INTEGER)),
      mutation.set('beyond', '9007199254740993'),
      mutation.set('fraction', '1.0'),
      mutation.pushFlash('', '"hello"'),
    ];
    token = (await raw.call('createSession', { mutations })).token;
  });

  const session = async () => (await raw.call('getSession', { token })).session!;
  const everything = async () => ({
    session: await session(),
    stored: redis ? await storedIn(redis) : await metricOf(sidecar, 'session_sidecar_sessions_created_total'),
  });

  /** Makes a call that must be refused, and checks that it changed nothing and that the answer gives nothing away. */
  async function refused(call: () => Promise<unknown>): Promise<RpcFailure> {
    const before = await everything();
    const failure = await failureOf(call());
    expect(await everything()).toEqual(before);
    const { message, metadata, violations } = failure;
    expect(JSON.stringify({ message, metadata, violations })).not.toContain(marked);
    expect(JSON.stringify({ message, metadata, violations })).not.toContain(token);
    return failure;
  }

  const invalid = (violations: object) => ({
    status: 'INVALID_ARGUMENT',
    reason: 'INVALID_ARGUMENT',
    domain: 'session.v1',
    violations,
  });
  const update = (...mutations: Mutation[]) => raw.call('updateSession', { token, mutations });

  describe('in tokens', () => {
    const names = (Object.keys(methods) as MethodName[]).filter((name) => name !== 'createSession');
    const tokens: Readonly<Record<string, () => string>> = {
      'that is empty': () => '',
      'that is malformed': () => marked,
      'that was cut off': () => token.slice(0, -1),
      'that has something after it': () => `${token}${marked}`,
      'that is signed with another key': () => `${token.slice(0, 44)}${'A'.repeat(24)}`,
      'of another session with this signature': () => `${'B'.repeat(43)}${token.slice(43)}`,
      'of 1 MB': () => marked.repeat(200_000),
      'with a line break': () => `${token}\n`,
    };
    const valid: Partial<Record<MethodName, object>> = { pushFlash: { message: Buffer.from('1') } };

    describe.each(names)('of %s', (method) => {
      test.each(Object.entries(tokens))('one %s is UNAUTHENTICATED', async (_what, bad) => {
        const failure = await refused(() => raw.call(method, { ...valid[method], token: bad() }));
        expect(failure).toMatchObject({ status: 'UNAUTHENTICATED', reason: 'TOKEN_INVALID', violations: {} });
      });
    });

    test('one that is not UTF-8 is UNAUTHENTICATED', async () => {
      const bytes = withBytes(
        encodeRequest('getSession', { token: '??????' }),
        '??????',
        [0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0],
      );
      expect(await refused(() => raw.send('GetSession', bytes))).toMatchObject({ reason: 'TOKEN_INVALID' });
    });
  });

  describe('in keys', () => {
    const badKeys: Readonly<Record<string, [key: string, got: string]>> = {
      'that is empty': ['', '0 bytes'],
      'of 257 bytes': [marked.padEnd(257, 'x'), '257 bytes'],
      'of 10 KB': [marked.repeat(2048), '10240 bytes'],
      'that is short in characters but not in bytes': [`${marked}${'é'.repeat(126)}`, '257 bytes'],
      'with a line break': [`${marked}\n`, 'a control character'],
      'with a zero byte': [`${marked}\u0000`, 'a control character'],
      'with a tab': [`${marked}\t`, 'a control character'],
      'with an escape': [`${marked}\u001b[31m`, 'a control character'],
      'with a delete': [`${marked}\u007f`, 'a control character'],
      'with a C1 control character': [`${marked}\u0085`, 'a control character'],
    };
    const withKey: Readonly<Record<string, (key: string) => Mutation>> = {
      set: (key) => mutation.set(key, '1'),
      set_if_absent: (key) => mutation.setIfAbsent(key, '1'),
      delete: mutation.delete,
      take: mutation.take,
      append: (key) => mutation.append(key, '1'),
      increment: (key) => mutation.increment(key, 1),
    };

    describe.each(Object.entries(badKeys))('one %s', (_what, [key, got]) => {
      test.each(Object.entries(withKey))('is refused in %s', async (kind, make) => {
        const violations = { [`mutations[1].${kind}.key`]: `${nameRule} ${got}.` };
        expect(await refused(() => update(mutation.set('fine', '1'), make(key)))).toMatchObject(invalid(violations));
      });
    });

    test('one that is not UTF-8 is refused, in every method that changes', async () => {
      const mutations = [mutation.set('zebra??', '1')];
      for (const method of ['createSession', 'updateSession', 'regenerateSession'] as const) {
        const bytes = withBytes(encodeRequest(method, { token, mutations }), '??', [0xc3, 0x28]);
        const violations = { 'mutations[0].set.key': `${nameRule} invalid UTF-8.` };
        expect(await refused(() => raw.send(methods[method].name, bytes))).toMatchObject(invalid(violations));
      }
    });

    test('every wrong one is named, not only the first', async () => {
      const failure = await refused(() =>
        update(mutation.delete(''), mutation.take('fine'), mutation.set('', ''), mutation.take('\n')),
      );
      expect(Object.keys(failure.violations)).toEqual([
        'mutations[0].delete.key',
        'mutations[2].set.key',
        'mutations[2].set.value',
        'mutations[3].take.key',
      ]);
    });

    const oddKeys = [
      ...[
        '__proto__',
        'constructor',
        'toString',
        'hasOwnProperty',
        ' ',
        '  two  spaces ',
        '"',
        '\\',
        "'",
        '%s',
        '${x}',
        '{}',
        '=1,1 a b',
      ],
      ...[
        '@0,1',
        '!0,7',
        '1 1 1',
        'a=b',
        'session:x',
        '🍪',
        '👩‍👩‍👧',
        '日本語',
        'עברית',
        'e\u0301',
        '\u00e9',
        '\u2028',
        '\u200b',
        '\ufeff',
        'é'.repeat(128),
      ],
      'x'.repeat(256),
    ];

    test('odd ones that are legal are taken and given back as they are, in order', async () => {
      const mutations = oddKeys.map((key, index) => mutation.set(key, String(index)));
      const { token: odd } = await raw.call('createSession', { mutations });
      const { data } = (await raw.call('getSession', { token: odd })).session!;
      expect([...data].map(([key, value]) => [key, String(value)])).toEqual(
        oddKeys.map((key, index) => [key, String(index)]),
      );
    });

    test('odd ones are seen by the TypeScript client as keys like any other', async () => {
      const mutations = oddKeys.map((key, index) => mutation.set(key, String(index)));
      const { token: odd } = await raw.call('createSession', { mutations });
      const client = stack.use(connect<Record<string, number>>(sidecar));
      const opened = await client.open(odd);
      expect(oddKeys.map((key) => opened.get(key))).toEqual(oddKeys.map((_, index) => index));
      for (const key of oddKeys) opened.set(key, 7);
      await opened.save();
      expect([...(await client.open(odd)).values()]).toEqual(oddKeys.map(() => 7));
      expect(opened.has('isPrototypeOf')).toBe(false);
    });
  });

  describe('in values', () => {
    test('one that is empty is refused', async () => {
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

    test('bytes of every kind are taken and given back as they are', async () => {
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

    test('a mutation that says nothing, or something of a later version, is refused', async () => {
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
      const client = stack.use(connect<{ large: string }>(sidecar));
      const opened = await client.open(token);
      opened.set('large', 'x'.repeat(5 * 1024 * 1024));
      await expect(opened.save()).rejects.toMatchObject({ code: 'SESSION_TOO_LARGE' });
    });
  });

  test('mutations that contradict each other are applied in order, each on what the one before left', async () => {
    const { results } = await update(
      mutation.set('a', '1'),
      mutation.delete('a'),
      mutation.setIfAbsent('a', '2'),
      mutation.setIfAbsent('a', '3'),
      mutation.take('a'),
      mutation.take('a'),
      mutation.increment('a', 5),
      mutation.clear(),
      mutation.append('a', '6'),
      mutation.set('a', '7'),
      mutation.set('a', '8'),
    );
    const told = results.map(({ applied, value }) => (value === undefined ? applied : [applied, String(value)]));
    expect(told).toEqual([
      true,
      true,
      [true, '2'],
      [false, '2'],
      [true, '2'],
      false,
      [true, '5'],
      true,
      true,
      true,
      true,
    ]);
    expect([...(await session()).data].map(([key, value]) => [key, String(value)])).toEqual([['a', '8']]);
    expect((await session()).version).toBe(2);
  });

  describe('in idle timeouts', () => {
    const timeouts: Readonly<Record<string, [seconds: number, nanos: number, got: string]>> = {
      'of nothing': [0, 0, '0 seconds'],
      'below a second': [0, 999_000_000, '0.999 seconds'],
      'that is negative': [-5, 0, '-5 seconds'],
      'with a fraction of a millisecond': [1, 500_000, '1.0005 seconds'],
      'with a nanosecond too much': [1, 1, '1.000000001 seconds'],
      'of more than 10 years': [315_576_001, 0, '315576001 seconds'],
      'of ages': [Number.MAX_SAFE_INTEGER, 0, '9007199254740991 seconds'],
    };

    test.each(Object.entries(timeouts))('one %s is refused', async (_what, [seconds, nanos, got]) => {
      const idleExpiry = { $case: 'idleTimeout', value: { seconds, nanos } } as const;
      const description = `${timeoutRule} ${got}. For a session that does not expire by being idle, set no_idle_timeout.`;
      for (const method of ['createSession', 'updateSession'] as const) {
        const failure = await refused(() => raw.call(method, { token, idleExpiry }));
        expect(failure).toMatchObject(invalid({ idle_timeout: description }));
      }
    });

    test('one of more seconds than a number can hold is refused', async () => {
      const idleExpiry = { $case: 'idleTimeout', value: { seconds: unsafe(2n ** 62n), nanos: 0 } } as const;
      expect(await refused(() => raw.call('createSession', { idleExpiry }))).toMatchObject(invalid({}));
    });

    test('no_idle_timeout: false is refused', async () => {
      const idleExpiry = { $case: 'noIdleTimeout', value: false } as const;
      for (const method of ['createSession', 'updateSession'] as const) {
        const failure = await refused(() => raw.call(method, { token, idleExpiry }));
        expect(failure).toMatchObject(invalid({ no_idle_timeout: 'Expected true or nothing, got false.' }));
      }
    });

    test.each([
      ['1 second', 1, 0],
      ['1.001 seconds', 1, 1_000_000],
      ['10 years', 315_576_000, 0],
    ])('%s is taken', async (_what, seconds, nanos) => {
      const idleExpiry = { $case: 'idleTimeout', value: { seconds, nanos } } as const;
      const { session: created } = await raw.call('createSession', { idleExpiry });
      expect(created!.idleTimeout).toEqual({ seconds, nanos });
    });
  });

  describe('in versions', () => {
    test.each([0, -1, -5, Number.MIN_SAFE_INTEGER])('if_version %d is refused', async (ifVersion) => {
      const violations = { if_version: `Expected a version, 1 or more, got ${ifVersion}.` };
      const call = () => raw.call('updateSession', { token, mutations: [mutation.set('a', '1')], ifVersion });
      expect(await refused(call)).toMatchObject(invalid(violations));
    });

    test.each([2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)])(
      'if_version %d, which no session reaches, is refused',
      async (ifVersion) => {
        const call = () => raw.call('updateSession', { token, ifVersion: unsafe(ifVersion) });
        expect(await refused(call)).toMatchObject({ status: 'INVALID_ARGUMENT', reason: 'INVALID_ARGUMENT' });
      },
    );

    test('if_version that is huge but possible does not hold', async () => {
      const call = () =>
        raw.call('updateSession', { token, mutations: [mutation.set('a', '1')], ifVersion: Number.MAX_SAFE_INTEGER });
      expect(await refused(call)).toMatchObject({
        status: 'ABORTED',
        reason: 'VERSION_MISMATCH',
        metadata: { version: '1' },
      });
    });
  });

  describe('in appends', () => {
    test.each(['text', 'number'])('to a key that holds no array (%s) are refused', async (key) => {
      const violations = {
        'mutations[0].append.key': 'Expected the key to hold a JSON array or nothing, got something else.',
      };
      expect(await refused(() => update(mutation.append(key, '1')))).toMatchObject(invalid(violations));
    });

    test.each(['', ' ', marked, '1]', '1,2', '[1', '"', "'a'", 'NaN', 'undefined', '01', '{a:1}', '\ufeff1'])(
      'of something that is no JSON text (%j) are refused, because it would break the array',
      async (value) => {
        const violations = {
          'mutations[0].append.value': `Expected a JSON text, got ${Buffer.byteLength(value)} bytes of invalid JSON.`,
        };
        expect(await refused(() => update(mutation.append('list', value)))).toMatchObject(invalid(violations));
        expect(await refused(() => update(mutation.append('new', value)))).toMatchObject(invalid(violations));
      },
    );

    test('of a text that is not UTF-8 are refused, because it would break the array', async () => {
      const value = Buffer.from([0x22, 0xff, 0x22]);
      const violations = { 'mutations[0].append.value': 'Expected a JSON text, got 3 bytes of invalid JSON.' };
      expect(await refused(() => update(mutation.append('list', value)))).toMatchObject(invalid(violations));
    });
  });

  test.each([false, true])(
    'appending to an array with a long run of spaces in it takes no long time (unless_present: %s)',
    async (unlessPresent) => {
      // A careless regular expression needs a minute for this, and a visitor can send it.
      const spaces = `"${' '.repeat(200_000)}x"`;
      await update(mutation.set('list', `[${spaces}]`));
      await update(mutation.append('list', '1', unlessPresent));
      expect(String((await session()).data.get('list'))).toBe(`[${spaces},1]`);
    },
  );

  test('a thousand appends to a long array in one request take no long time', async () => {
    // Looking through the array anew for each would keep Redis from serving others for a minute.
    const numbers = Array.from({ length: 30_000 }, (_, index) => index);
    await update(mutation.set('list', JSON.stringify(numbers)));
    const { results } = await update(
      ...Array.from({ length: 1000 }, (_, index) => mutation.append('list', String(29_500 + index), true)),
    );
    expect(results.filter(({ applied }) => applied)).toHaveLength(500);
    const list = JSON.parse(String((await session()).data.get('list'))) as number[];
    expect(list).toEqual(Array.from({ length: 30_500 }, (_, index) => index));
  });

  describe('in increments', () => {
    test.each(['text', 'list', 'fraction'])('of a key that holds no integer (%s) are refused', async (key) => {
      const violations = {
        'mutations[0].increment.key': 'Expected the key to hold a JSON integer or nothing, got something else.',
      };
      expect(await refused(() => update(mutation.increment(key, 1)))).toMatchObject(invalid(violations));
    });

    test('by nothing are refused', async () => {
      const violations = { 'mutations[0].increment.by': `${safeRule}.` };
      expect(await refused(() => update(mutation.increment('number', 0)))).toMatchObject(invalid(violations));
    });

    test.each([
      ['most', 1],
      ['number', Number.MAX_SAFE_INTEGER],
      ['beyond', -5],
    ])('that leave the range of exact integers, or start outside it, are refused (%s, %d)', async (key, by) => {
      const violations = { 'mutations[0].increment.key': 'Expected a sum from -(2^53)+1 to 2^53-1, got one outside.' };
      expect(await refused(() => update(mutation.increment(key, by)))).toMatchObject(invalid(violations));
    });

    test.each([2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 53n), -(2n ** 63n)])(
      'by %d, which is no exact number in every language, are refused and not rounded',
      async (by) => {
        const call = () => update(mutation.increment('number', unsafe(by)));
        expect(await refused(call)).toMatchObject({ status: 'INVALID_ARGUMENT', reason: 'INVALID_ARGUMENT' });
      },
    );

    test('to the ends of the range are exact', async () => {
      const { results } = await update(
        mutation.increment('up', Number.MAX_SAFE_INTEGER),
        mutation.increment('down', Number.MIN_SAFE_INTEGER),
        mutation.increment('number', Number.MAX_SAFE_INTEGER - 1),
        mutation.increment('number', Number.MIN_SAFE_INTEGER),
      );
      expect(results.map(({ value }) => String(value))).toEqual([
        '9007199254740991',
        '-9007199254740991',
        '9007199254740991',
        '0',
      ]);
    });
  });

  describe('in subjects and queue names', () => {
    const subjects: [string, string][] = [
      [marked.padEnd(257, 'x'), '257 bytes'],
      [`${marked}\n`, 'a control character'],
    ];

    test.each(subjects)('the subject %j is refused', async (subject, got) => {
      expect(await refused(() => raw.call('createSession', { subject }))).toMatchObject(
        invalid({ subject: `${nameRule} ${got}.` }),
      );
      for (const method of ['updateSession', 'regenerateSession'] as const) {
        expect(await refused(() => raw.call(method, { token, subject }))).toMatchObject(
          invalid({ subject: `${queueRule} ${got}.` }),
        );
      }
    });

    test('an empty subject is nobody in an update, and refused in a creation', async () => {
      expect(await refused(() => raw.call('createSession', { subject: '' }))).toMatchObject(
        invalid({ subject: `${nameRule} 0 bytes.` }),
      );
      await raw.call('updateSession', { token, subject: 'ada' });
      await raw.call('updateSession', { token, subject: '' });
      expect((await session()).subject).toBeUndefined();
    });

    test.each(subjects)('the queue name %j is refused', async (queue, got) => {
      const violations = { queue: `${queueRule} ${got}.` };
      const message = Buffer.from('1');
      for (const method of ['pushFlash', 'popFlash', 'peekFlash'] as const) {
        expect(await refused(() => raw.call(method, { token, queue, message }))).toMatchObject(invalid(violations));
      }
      const inUpdate = { 'mutations[0].push_flash.queue': `${queueRule} ${got}.` };
      expect(await refused(() => update(mutation.pushFlash(queue, '1')))).toMatchObject(invalid(inUpdate));
    });
  });

  describe('on the wire', () => {
    const garbage: Readonly<Record<string, Buffer>> = {
      'that are cut off': Buffer.from([0x0a, 0x44, 0x41]),
      'that are random': Buffer.from('ffffffffffffffffffffffff', 'hex'),
      'of a text': Buffer.from(marked.repeat(10)),
      'with a group that has no end': Buffer.from([0x0b]),
      'with groups in groups, a million deep': Buffer.alloc(1_000_000, 0x0b),
    };

    test.each(Object.entries(garbage))('bytes %s are no message, for any method', async (_what, bytes) => {
      for (const method of Object.keys(methods) as MethodName[]) {
        const failure = await refused(() => raw.send(methods[method].name, bytes));
        expect(failure).toMatchObject(invalid({ '': expect.stringContaining('Could not decode the request') }));
      }
    });

    test('fields that nobody knows are passed over, as protobuf wants', async () => {
      const unknown = Buffer.from([0xfa, 0x7f, 5, ...Buffer.from(marked)]);
      const bytes = Buffer.concat([encodeRequest('getCsrfToken', { token }), unknown]);
      expect((await raw.send('GetCsrfToken', bytes)).length).toBeGreaterThan(0);
    });

    test('a method that nobody knows is UNIMPLEMENTED', async () => {
      expect(await refused(() => raw.send('StealSession', Buffer.alloc(0)))).toMatchObject({ status: 'UNIMPLEMENTED' });
    });
  });

  test('after all of this the sidecar works, and its log repeats nothing of it', async () => {
    await update(mutation.set('a', '1'));
    expect(String((await session()).data.get('a'))).toBe('1');
    expect(sidecar.log()).not.toContain(marked);
    expect(sidecar.log()).not.toContain('"level":"error"');
  });
});

describe('a record in Redis that cannot be read', () => {
  const stack = stackForAllTests();
  let redis: RedisServer;
  let sidecar: Sidecar;
  let raw: RawClient;

  beforeAll(async () => {
    redis = await stack.redis();
    sidecar = await stack.sidecar({ redis, logLevel: 'debug' });
    raw = stack.use(connectRaw(sidecar.address));
  });

  const damages: Readonly<Record<string, (key: string) => Promise<unknown>>> = {
    damaged: (key) => redis.admin.set(key, `nonsense ${marked}`),
    newer_format: (key) => redis.admin.set(key, `2 ${marked}`),
    foreign_type: async (key) => {
      await redis.admin.del(key);
      await redis.admin.hset(key, marked, marked);
    },
  };
  const names = (Object.keys(methods) as MethodName[]).filter((name) => name !== 'createSession');

  describe.each(Object.entries(damages))('because it is %s', (problem, damage) => {
    test.each(names)(
      'makes %s fail with INTERNAL and an id, under which the log has the handle; nothing is changed',
      async (method) => {
        const { token, session } = await raw.call('createSession', { mutations: [mutation.set('a', '1')] });
        const handle = session!.handle;
        await damage(`session:${handle}`);
        // A session that was there a moment ago is read plainly once more, and a key of another type then looks like none.
        await failureOf(raw.call('getSession', { token }));
        const before = await storedIn(redis);

        const request = { token, message: Buffer.from('1'), mutations: [mutation.set('a', '2')] } as Partial<
          RequestOf<MethodName>
        >;
        const failure = await failureOf(raw.call(method, request));
        const { metadata, message } = failure;
        const errorId = metadata['error_id'];
        expect(failure).toMatchObject({ status: 'INTERNAL', reason: 'INTERNAL' });
        expect(message).toBe(`Internal error ${errorId}. See the sidecar's log.`);

        const line = sidecar
          .log()
          .split('\n')
          .find((logged) => logged.includes(String(errorId)));
        expect(JSON.parse(line ?? '{}')).toMatchObject({ level: 'error', method: methods[method].name, errorId });
        expect(line).toContain(`The stored record of session ${handle} cannot be read (${problem}).`);
        expect(line).not.toContain(marked);
        expect(await storedIn(redis)).toEqual(before);
      },
    );
  });

  test('does not stop the sidecar from serving other sessions', async () => {
    const { token } = await raw.call('createSession', { mutations: [mutation.set('a', '1')] });
    expect((await raw.call('getSession', { token })).session!.version).toBe(1);
  });
});

/** Puts bytes that no string can hold in the place of a text of the same length. */
function withBytes(message: Buffer, text: string, bytes: readonly number[]): Buffer {
  const changed = Buffer.from(message);
  changed.set(bytes, changed.indexOf(text));
  return changed;
}

/** The generated encoder takes it, although its type says otherwise. */
function unsafe(integer: bigint): number {
  return integer as unknown as number;
}
