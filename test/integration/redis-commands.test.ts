import { createHash } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { connect } from '../support/client';
import { until } from '../support/poll';
import { connectRaw, failureOf, methods, mutation } from '../support/raw-grpc';
import type { MethodName, RawClient, RequestOf } from '../support/raw-grpc';
import type { RedisServer } from '../support/redis';
import type { Sidecar } from '../support/sidecar';
import { age } from '../support/store-harness';
import { commandCounts, commandsOf, storedIn } from '../support/redis-inspection';
import { stackForAllTests } from '../support/stack';

type Commands = Readonly<Record<string, number>>;

/** One trip, and what the script does in Redis. */
const found: Commands = { evalsha: 1, time: 1, get: 1 };
const noChange: Commands = { ...found, pexpiretime: 1 };
const readAndTouch: Commands = { ...found, setrange: 1, pexpireat: 1 };
const write: Commands = { ...found, set: 1 };
const creation: Commands = { evalsha: 1, time: 1, set: 1 };
const deletion: Commands = { ...found, unlink: 1 };
/** Of the index of a subject without sessions. */
const scan: Commands = { evalsha: 1, time: 1, zscan: 1 };
/** Of a session that the sidecar has loaded or created since the touch interval began. */
const read: Commands = { mget: 1 };

/** What each RPC costs Redis, from `INFO commandstats`: commands sent to it, and commands run inside scripts. */
describe('what an RPC costs Redis', () => {
  const stack = stackForAllTests();
  let redis: RedisServer;
  let sidecar: Sidecar;
  let raw: RawClient;
  let token: string;
  let csrfToken: string;

  beforeAll(async () => {
    redis = await stack.redis();
    sidecar = await stack.sidecar({ redis });
    raw = stack.use(connectRaw(sidecar.address));
    // The first use of a script on a connection sends its text.
    await newSession();
    await age(redis, 120_000);
    await raw.call('updateSession', { token, mutations: [mutation.set('a', '1')] });
    for (const method of ['getSession', 'updateSession', 'acquireLease', 'releaseLease', 'invalidateSession'] as const)
      await raw.call(method, { ...requests[method](), token });
    await raw.call('listSubjectSessions', { subject: 'nobody' });
  });

  beforeEach(newSession);

  async function newSession(): Promise<void> {
    const created = await raw.call('createSession', {
      mutations: [mutation.set('a', '1'), mutation.pushFlash('', '"hello"')],
    });
    token = created.token;
    csrfToken = created.session!.csrfToken;
  }

  /** A request of each kind that does something, without its token. */
  const requests: { readonly [M in MethodName]: () => Partial<RequestOf<M>> } = {
    createSession: () => ({ mutations: [mutation.set('a', '1')] }),
    getSession: () => ({}),
    updateSession: () => ({
      mutations: [mutation.set('a', '2'), mutation.pushFlash('', '1'), mutation.increment('n', 1)],
    }),
    regenerateSession: () => ({ mutations: [mutation.set('a', '2')] }),
    invalidateSession: () => ({}),
    pushFlash: () => ({ message: Buffer.from('"again"') }),
    popFlash: () => ({}),
    peekFlash: () => ({}),
    getCsrfToken: () => ({}),
    newCsrfToken: () => ({}),
    checkCsrfToken: () => ({ csrfToken }),
    acquireLease: () => ({ duration: { seconds: 60, nanos: 0 }, holder: 'one' }),
    releaseLease: () => ({ fence: 1 }),
    listSubjectSessions: () => ({ subject: 'nobody' }),
    invalidateSubjectSessions: () => ({ subject: 'nobody' }),
  };
  const names = Object.keys(methods) as MethodName[];
  const takingToken = names.filter((name) => name !== 'createSession' && !name.endsWith('SubjectSessions'));
  const reading = ['getSession', 'peekFlash', 'getCsrfToken', 'checkCsrfToken'] as const;

  const call = (method: MethodName, more: object = { token }) => raw.call(method, { ...requests[method](), ...more });

  const costs: Readonly<Record<MethodName, Commands>> = {
    createSession: creation,
    getSession: read,
    updateSession: write,
    regenerateSession: write,
    invalidateSession: deletion,
    pushFlash: write,
    popFlash: write,
    peekFlash: read,
    getCsrfToken: read,
    newCsrfToken: write,
    checkCsrfToken: read,
    acquireLease: write,
    releaseLease: found,
    listSubjectSessions: scan,
    invalidateSubjectSessions: scan,
  };

  test.each(names)('%s: one trip, and no more inside than it needs', async (method) => {
    expect(await commandsOf(redis, () => call(method))).toEqual(costs[method]);
  });

  test.each(reading)('%s within the touch interval writes nothing, however often it is called', async (method) => {
    const calls = () => Promise.all(Array.from({ length: 20 }, () => call(method)));
    expect(Object.keys(await commandsOf(redis, calls))).toEqual(['mget']);
  });

  test.each(reading)(
    '%s after the touch interval records the access in the same trip, and the next one does not',
    async (method) => {
      await age(redis, 120_000);
      expect(await commandsOf(redis, () => call(method))).toEqual(readAndTouch);
      expect(await commandsOf(redis, () => call(method))).toEqual(read);
    },
  );

  test('a call that changes nothing writes nothing', async () => {
    const nothing = [mutation.delete('missing'), mutation.take('missing'), mutation.setIfAbsent('a', '9')];
    expect(await commandsOf(redis, () => call('updateSession', { token, mutations: nothing }))).toEqual(noChange);
    expect(await commandsOf(redis, () => call('popFlash', { token, queue: 'empty' }))).toEqual(noChange);
    const again = { token, message: Buffer.from('"hello"'), unlessPresent: true };
    expect(await commandsOf(redis, () => call('pushFlash', again))).toEqual(noChange);
    expect(await commandsOf(redis, () => call('updateSession', { token, mutations: [] }))).toEqual(noChange);
  });

  test('a change that Redis rejects costs one trip and writes nothing', async () => {
    const refused = [
      { token, ifVersion: 9 },
      { token, fence: 9 },
      { token, mutations: [mutation.append('a', '1')] },
      { token, mutations: [mutation.set('large', `"${'x'.repeat(300_000)}"`)] },
    ];
    for (const request of refused) {
      expect(await commandsOf(redis, () => failureOf(call('updateSession', request)))).toEqual(found);
    }
  });

  test.each(takingToken)('%s on a session that has ended: one trip, one read', async (method) => {
    await raw.call('invalidateSession', { token });
    const commands = await commandsOf(redis, () => call(method).catch(() => undefined));
    expect(commands).toEqual((reading as readonly MethodName[]).includes(method) ? read : found);
  });

  test.each(takingToken)('%s with a token that is not genuine never reaches Redis', async (method) => {
    const notGenuine = [
      '',
      'x',
      token.slice(0, -1),
      `${token}x`,
      `${'A'.repeat(43)}.${'A'.repeat(24)}`,
      'A'.repeat(1_000_000),
    ];
    const commands = await commandsOf(redis, async () => {
      for (const bad of notGenuine)
        expect(await failureOf(call(method, { token: bad }))).toMatchObject({ reason: 'TOKEN_INVALID' });
    });
    expect(commands).toEqual({});
  });

  test('a request that is invalid never reaches Redis', async () => {
    const invalid: [MethodName, object][] = [
      ['createSession', { mutations: [mutation.set('', '1')] }],
      ['createSession', { subject: '' }],
      ['createSession', { idleExpiry: { $case: 'idleTimeout', value: { seconds: 0, nanos: 1 } } }],
      ['updateSession', { token, mutations: [mutation.set('a', '')] }],
      ['updateSession', { token, mutations: [{ kind: undefined }] }],
      ['updateSession', { token, ifVersion: 0 }],
      ['regenerateSession', { token, mutations: [mutation.increment('n', 0)] }],
      ['pushFlash', { token, message: Buffer.alloc(0) }],
      ['popFlash', { token, queue: 'a\nb' }],
      ['peekFlash', { token, queue: 'x'.repeat(257) }],
    ];
    const before = await storedIn(redis);
    const commands = await commandsOf(redis, async () => {
      for (const [method, request] of invalid) {
        expect(await failureOf(raw.call(method, request))).toMatchObject({ reason: 'INVALID_ARGUMENT' });
      }
    });
    expect(commands).toEqual({});
    expect(await storedIn(redis)).toEqual(before);
  });

  test('a creation that would outgrow a limit never reaches Redis', async () => {
    const tooLarge = { mutations: [mutation.set('large', `"${'x'.repeat(300_000)}"`)] };
    expect(await commandsOf(redis, () => failureOf(raw.call('createSession', tooLarge)))).toEqual({});
  });

  describe('of sessions with a subject', () => {
    const attach = { zremrangebyscore: 1, zscore: 1, zadd: 1, zrange: 1, pexpireat: 1 };
    const settle = { zrem: 1, zscore: 1, zrange: 1 };
    const sum = (...parts: Commands[]): Commands => {
      const total: Record<string, number> = {};
      for (const part of parts) for (const name of Object.keys(part)) total[name] = (total[name] ?? 0) + part[name]!;
      return total;
    };
    const step = { evalsha: 1, time: 1 };
    /** What is done when the call has been answered is counted, too. */
    const whenDone = async (expected: Commands, work: () => Promise<unknown>) => {
      await commandsOf(redis, work);
      const counts = await until('the index to be kept', async () => {
        const { info: _own, ...counted } = await commandCounts(redis.admin);
        return Object.entries(expected).every(([name, count]) => (counted[name] ?? 0) >= count) && counted;
      });
      expect(counts).toEqual(expected);
    };
    const indexOf = (subject: string) => `session:subject:${createHash('sha256').update(subject).digest('base64url')}`;
    const signedIn = async (subject: string, count = 1) => {
      const created = await raw.call('createSession', { subject, mutations: [mutation.set('a', '1')] });
      await until('the login to be over', async () => (await redis.admin.zcard(indexOf(subject))) === count);
      return created;
    };

    beforeEach(async () => {
      await redis.admin.flushall();
      // Their scripts are known from here on.
      await signedIn('ada');
      await raw.call('listSubjectSessions', { subject: 'ada' });
      await raw.call('invalidateSubjectSessions', { subject: 'ada' });
      await until('the index to be empty', async () => (await redis.admin.dbsize()) === 0);
    });

    test('createSession: two trips, and a third that is not waited for', async () => {
      const expected = sum(creation, step, attach, step, settle);
      await whenDone(expected, () => raw.call('createSession', { subject: 'ada', mutations: [] }));
    });

    test('getSession: one trip, and after the touch interval a second one that is not waited for', async () => {
      const { token: own } = await signedIn('ada');
      await whenDone(read, () => raw.call('getSession', { token: own }));
      await age(redis, 120_000);
      const renewal = { zremrangebyscore: 1, zadd: 1, zrange: 1, pexpireat: 1 };
      await whenDone(sum(readAndTouch, step, renewal), () => raw.call('getSession', { token: own }));
    });

    test('updateSession: one trip, unless it gives the session a subject', async () => {
      const { token: own } = await signedIn('ada');
      await whenDone(write, () => raw.call('updateSession', { token: own, mutations: [mutation.set('a', '2')] }));
      await whenDone(write, () => raw.call('updateSession', { token: own, label: 'phone' }));
      const expected = sum(step, attach, write, step, settle);
      await whenDone(expected, () => raw.call('updateSession', { token: own, subject: 'ada' }));
    });

    test('invalidateSession: one trip, and three that are not waited for', async () => {
      const { token: own } = await signedIn('ada');
      const sweep = sum(step, { zscore: 1, zrange: 1 }, found, step, { zrange: 1, zscore: 1, zrem: 1 });
      await whenDone(sum(deletion, sweep), () => raw.call('invalidateSession', { token: own }));
      expect(await redis.admin.dbsize()).toBe(0);
    });

    test('listSubjectSessions and invalidateSubjectSessions: one trip more than sessions, however many others there are', async () => {
      for (let n = 0; n < 20; n += 1) await signedIn(`another ${n}`);
      await signedIn('ada');
      await signedIn('ada', 2);
      const reads = sum(scan, found, found);
      await whenDone(reads, () => raw.call('listSubjectSessions', { subject: 'ada' }));
      const drop = sum(step, { zrange: 1, zscore: 2, zrem: 2 });
      await whenDone(sum(scan, deletion, deletion, drop), () =>
        raw.call('invalidateSubjectSessions', { subject: 'ada' }),
      );
    });
  });

  test('Redis forgetting its scripts costs one more trip for each, once', async () => {
    await redis.admin.script('FLUSH');
    expect(await commandsOf(redis, () => call('updateSession'))).toMatchObject({ evalsha: 1, get: 1 });
    expect(await commandsOf(redis, () => call('updateSession'))).toEqual(write);
    await age(redis, 120_000);
    await Promise.all([newSession(), call('getSession')]);
  });

  test('a web request that only reads costs one trip; one that also writes, two', async () => {
    const client = stack.use(connect<{ a: number; b: number }>(sidecar));
    const reads = await commandsOf(redis, async () => {
      const session = await client.open(token);
      expect([session.get('a'), session.checkCsrfToken(await session.csrfToken()), session.version]).toEqual([
        1,
        true,
        1,
      ]);
      await session.save();
    });
    expect(reads).toEqual(read);
    const writes = await commandsOf(redis, async () => {
      const session = await client.open(token);
      session.update({ a: 5, b: 6 });
      session.flash('saved');
      session.setLabel('phone');
      session.setIdleTimeout(60_000);
      await session.save();
    });
    expect(writes).toEqual({ ...read, ...write });
    client.close();
  });
});
