import { beforeEach, describe, expect, test } from '@jest/globals';
import type { CallOptions, SessionClient } from '@session-sidecar/client';
import { SessionError } from '@session-sidecar/client';
import { ErrorReason } from '@session-sidecar/proto/session/v1/error_reason';
import { connect } from '../../support/client';
import { until } from '../../support/poll';
import { isReady } from '../../support/process';
import { connectRaw, failureOf, mutation } from '../../support/raw-grpc';
import type { RawClient, RpcFailure } from '../../support/raw-grpc';
import { metricOf } from '../../support/ready-sidecar';
import type { Sidecar } from '../../support/sidecar';
import type { RedisServer } from '../../support/redis';
import { stackForEachTest } from '../../support/stack';
import { furtherFailures, oneSession } from './leases-and-events';

type Reason = Exclude<keyof typeof ErrorReason, 'UNSPECIFIED'>;

/** What must never be seen, neither on the wire nor in a log. */
const secretKey = 'secret-key-of-the-app';
const secretValue = '"secret-value-of-the-app"';
const secretSubject = 'secret-subject-of-the-app';

describe('every failure has a name', () => {
  const stack = stackForEachTest();
  let redis: RedisServer;
  let sidecar: Sidecar;
  let raw: RawClient;
  let client: SessionClient<Record<string, string>>;
  let token: string;
  let handle: string;

  beforeEach(async () => {
    redis = await stack.redis();
    sidecar = await stack.sidecar({
      redis,
      logLevel: 'debug',
      settings: {
        ...oneSession,
        REDIS_COMMAND_TIMEOUT: '2s',
        MAX_SESSION_SIZE: '1KiB',
        MAX_KEYS: '3',
        MAX_FLASH_MESSAGES: '2',
        MAX_CALLS_IN_FLIGHT: '20',
        MAX_QUEUE_TIME: '100ms',
      },
    });
    raw = stack.use(connectRaw(sidecar.address));
    client = stack.use(connect(sidecar));
    const mutations = [mutation.set(secretKey, secretValue)];
    const created = await raw.call('createSession', { mutations, subject: secretSubject });
    [token, handle] = [created.token, created.session!.handle];
  });

  const update = (...mutations: Parameters<typeof raw.call<'updateSession'>>[1]['mutations'] & object) =>
    raw.call('updateSession', { token, mutations });

  /** For each reason there is, how it comes about, and what a program in any language then gets. */
  const failures: Readonly<Record<Reason, { status: string; provoke: () => Promise<unknown>; details?: object }>> = {
    SESSION_NOT_FOUND: {
      status: 'NOT_FOUND',
      provoke: async () => {
        await raw.call('invalidateSession', { token });
        return update(mutation.set(secretKey, secretValue));
      },
    },
    TOKEN_INVALID: {
      status: 'UNAUTHENTICATED',
      provoke: () => raw.call('getSession', { token: token.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')) }),
    },
    VERSION_MISMATCH: {
      status: 'ABORTED',
      provoke: () => raw.call('updateSession', { token, mutations: [mutation.set(secretKey, '1')], ifVersion: 7 }),
      details: { metadata: { version: '1' } },
    },
    INVALID_ARGUMENT: {
      status: 'INVALID_ARGUMENT',
      provoke: () => update(mutation.set('fine', '1'), mutation.increment(secretKey, 1)),
      details: {
        violations: {
          'mutations[1].increment.key': 'Expected the key to hold a JSON integer or nothing, got something else.',
        },
      },
    },
    SESSION_TOO_LARGE: {
      status: 'RESOURCE_EXHAUSTED',
      provoke: () => update(mutation.set('large', `"${'x'.repeat(1024)}"`)),
      details: { metadata: { limit: '1024', setting: 'SESSION_SIDECAR_MAX_SESSION_SIZE' } },
    },
    TOO_MANY_KEYS: {
      status: 'RESOURCE_EXHAUSTED',
      provoke: () => update(mutation.set('a', '1'), mutation.set('b', '1'), mutation.set('c', '1')),
      details: { metadata: { limit: '3', setting: 'SESSION_SIDECAR_MAX_KEYS' } },
    },
    FLASH_QUEUE_FULL: {
      status: 'RESOURCE_EXHAUSTED',
      provoke: () => update(...['1', '2', '3'].map((message) => mutation.pushFlash('', message))),
      details: { metadata: { limit: '2', setting: 'SESSION_SIDECAR_MAX_FLASH_MESSAGES' } },
    },
    STORE_UNAVAILABLE: {
      status: 'UNAVAILABLE',
      provoke: () => {
        redis.freeze();
        return update(mutation.set(secretKey, secretValue));
      },
      details: { metadata: { maybe_applied: 'true' }, retryDelayMs: expect.any(Number) },
    },
    STORE_FULL: {
      status: 'RESOURCE_EXHAUSTED',
      provoke: async () => {
        await redis.admin.config('SET', 'maxmemory', '1');
        return update(mutation.set(secretKey, secretValue));
      },
    },
    DRAINING: {
      status: 'UNAVAILABLE',
      provoke: async () => {
        redis.freeze();
        const inFlight = failureOf(raw.call('getSession', { token }));
        await until(
          'the call to be in flight',
          async () => (await metricOf(sidecar, 'session_sidecar_rpcs_in_flight')) === 1,
        );
        const closed = sidecar.close();
        try {
          return await raw.call('getSession', { token });
        } finally {
          await Promise.all([inFlight, closed]);
        }
      },
      details: { retryDelayMs: expect.any(Number) },
    },
    INTERNAL: {
      status: 'INTERNAL',
      provoke: async () => {
        await redis.admin.set(`session:${handle}`, `9 ${secretKey} ${secretValue}`);
        return raw.call('getSession', { token });
      },
      details: { metadata: { error_id: expect.stringMatching(/^[0-9a-f-]{36}$/) } },
    },
    REQUEST_TOO_LARGE: {
      status: 'RESOURCE_EXHAUSTED',
      provoke: () => update(...Array.from({ length: 1001 }, () => mutation.set(secretKey, '1'))),
      details: { metadata: { limit: '1000', setting: 'SESSION_SIDECAR_MAX_MUTATIONS' } },
    },
    OVERLOADED: {
      status: 'UNAVAILABLE',
      provoke: async () => {
        redis.freeze();
        const others = Array.from({ length: 20 }, () => failureOf(raw.call('getSession', { token })));
        await until(
          'all places to be taken',
          async () => (await metricOf(sidecar, 'session_sidecar_rpcs_in_flight')) === 20,
        );
        try {
          return await raw.call('getSession', { token });
        } finally {
          redis.thaw();
          await Promise.allSettled(others);
        }
      },
      details: {
        metadata: { limit: '20', setting: 'SESSION_SIDECAR_MAX_CALLS_IN_FLIGHT' },
        retryDelayMs: expect.any(Number),
      },
    },
    API_TOKEN_INVALID: {
      status: 'UNAUTHENTICATED',
      provoke: async () => {
        const guarded = await stack.sidecar({ settings: { API_TOKENS: 'secret-api-token-0123456789' } });
        return stack.use(connectRaw(guarded.address)).call('createSession', {});
      },
    },
    ...furtherFailures(() => ({ stack, redis, raw, token, subject: secretSubject, value: secretValue })),
  };

  test('the table of these tests is the whole of ErrorReason', () => {
    const reasons = Object.values(ErrorReason).filter((name) => typeof name === 'string' && name !== 'UNSPECIFIED');
    expect(Object.keys(failures)).toEqual(reasons);
  });

  test.each(Object.entries(failures))(
    '%s has its status and its metadata, and reveals nothing',
    async (reason, expected) => {
      const failure = await failureOf(expected.provoke());
      expect(failure).toMatchObject({
        status: expected.status,
        reason,
        domain: 'session.v1',
        metadata: {},
        violations: {},
        retryDelayMs: undefined,
        ...expected.details,
      });
      expectToGiveNothingAway(wordsOf(failure), [handle]);
      // The handle is public, and the log may name it.
      expectToGiveNothingAway(sidecar.log());
    },
  );

  function expectToGiveNothingAway(text: string, more: string[] = []): void {
    const [id = '', signature = ''] = token.split('.');
    const ours = [secretKey, secretValue.slice(1, -1), secretSubject, id, signature];
    const ofRedis = ['ReplyError', 'OOM', 'maxmemory', 'WRONGTYPE'];
    for (const word of [...ours, ...ofRedis, ...more]) expect(text.includes(word) && word).toBe(false);
  }

  test('an internal error is explained in the log, under the id that the caller got, with the handle of the session', async () => {
    const { metadata, message } = await failureOf(failures.INTERNAL.provoke());
    const lines = sidecar
      .log()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const explained = lines.filter(({ errorId }) => errorId === metadata['error_id']);
    expect(explained).toMatchObject([
      { level: 'error', method: 'GetSession', err: { message: expect.stringContaining(handle) } },
    ]);
    expect(message).toBe(`Internal error ${metadata['error_id']}. See the sidecar's log.`);
  });

  const clientCodes: Readonly<Record<string, () => Promise<unknown>>> = {
    SESSION_NOT_FOUND: async () => {
      const session = await client.open(token);
      await raw.call('invalidateSession', { token });
      session.set('a', '1');
      return session.save();
    },
    INVALID_ARGUMENT: () => {
      const session = client.create();
      session.setSubject('x'.repeat(300));
      return session.save();
    },
    SESSION_TOO_LARGE: () => saving({ large: 'x'.repeat(1024) }),
    TOO_MANY_KEYS: () => saving({ a: '', b: '', c: '', d: '' }),
    FLASH_QUEUE_FULL: () => {
      const session = client.create();
      [1, 2, 3].forEach((message) => session.flash(message));
      return session.save();
    },
    STORE_UNAVAILABLE: async () => {
      redis.freeze();
      return saving({ a: '1' });
    },
    STORE_FULL: async () => {
      await redis.admin.config('SET', 'maxmemory', '1');
      return saving({ a: '1' });
    },
    INTERNAL: async () => {
      await redis.admin.set(`session:${handle}`, 'nonsense');
      return client.open(token);
    },
    DEADLINE_EXCEEDED: async () => {
      redis.freeze();
      return client.open(token, { timeoutMs: 50 });
    },
    CANCELLED: async () => {
      redis.freeze();
      return client.open(token, { signal: AbortSignal.timeout(50) });
    },
    UNAVAILABLE: async () => {
      await sidecar.close();
      return saving({ a: '1' }, { timeoutMs: 2000 });
    },
  };

  function saving(values: Record<string, string>, options?: CallOptions): Promise<void> {
    const session = client.create();
    session.update(values);
    return session.save(options);
  }

  test.each(Object.entries(clientCodes))(
    'a program with the TypeScript client gets %s by name, too',
    async (code, provoke) => {
      const error = await provoke().then(
        () => undefined,
        (caught: unknown) => caught,
      );
      expect(SessionError.is(error) ? error.code : error).toBe(code);
      expectToGiveNothingAway(String(error), [handle]);
    },
  );

  test('while Redis is unavailable and afterwards, every call succeeds or fails by name', async () => {
    await redis.stop();
    await until('the sidecar to notice', async () => !(await isReady(sidecar)));
    expect(await failureOf(update(mutation.set('a', '1')))).toMatchObject({
      reason: 'STORE_UNAVAILABLE',
      metadata: { maybe_applied: 'false' },
    });
    redis = await stack.redis({ port: redis.port });
    await until('the sidecar to be ready again', () => isReady(sidecar));
    expect(await failureOf(update(mutation.set('a', '1')))).toMatchObject({ reason: 'SESSION_NOT_FOUND' });
    expectToGiveNothingAway(sidecar.log());
  });
});

function wordsOf({ message, metadata, violations }: RpcFailure): string {
  return JSON.stringify({ message, metadata, violations });
}
