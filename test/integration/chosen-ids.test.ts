import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { RedisServer } from '../support/redis';
import { connectRaw, failureOf, mutation } from '../support/raw-grpc';
import type { RawClient } from '../support/raw-grpc';
import { stackForAllTests } from '../support/stack';

/* What session_service.proto says of CreateSessionRequest.id and GetSessionRequest.id. */

describe.each(['memory', 'Redis'])('an id that the application has chosen, with sessions in %s', (kind) => {
  const stack = stackForAllTests();
  let redis: RedisServer | undefined;
  let raw: RawClient;

  beforeAll(async () => {
    redis = kind === 'Redis' ? await stack.redis() : undefined;
    raw = stack.use(connectRaw((await stack.sidecar({ redis })).address));
  });

  test('finds the session, and gives the token that other calls take', async () => {
    const id = randomUUID();
    const created = await raw.call('createSession', { id, mutations: [mutation.set('a', '1')] });
    const found = await raw.call('getSession', { id });
    expect(found.token).toBe(created.token);
    expect(found.session?.data.get('a')?.toString()).toBe('1');
    await raw.call('updateSession', { token: found.token!, mutations: [mutation.set('a', '2')] });
    const read = await raw.call('getSession', { token: found.token! });
    expect(read.token).toBeUndefined();
    expect(read.session?.data.get('a')?.toString()).toBe('2');
  });

  test('makes exactly one session, however many are created at the same time', async () => {
    const id = randomUUID();
    const creations = Array.from({ length: 20 }, (_, at) =>
      raw.call('createSession', { id, mutations: [mutation.set('a', String(at))] }),
    );
    const outcomes = await Promise.allSettled(creations);
    const [won, ...others] = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(others).toEqual([]);
    const lost = await failureOf(creations[outcomes.findIndex(({ status }) => status === 'rejected')]!);
    expect(lost).toMatchObject({ reason: 'VERSION_MISMATCH' });
    await expect(raw.call('getSession', { id })).resolves.toMatchObject({
      session: { version: won?.session?.version },
    });
  });

  test('is free again once its session has ended, and a copy of the earlier session is not mistaken for it', async () => {
    const id = randomUUID();
    const { token } = await raw.call('createSession', { id, mutations: [mutation.set('a', '1')] });
    const { etag } = await raw.call('getSession', { id, etag: Buffer.alloc(0) });
    await raw.call('invalidateSession', { token });
    expect(await failureOf(raw.call('getSession', { id }))).toMatchObject({ reason: 'SESSION_NOT_FOUND' });
    await raw.call('createSession', { id, mutations: [mutation.set('a', '2')] });
    const second = await raw.call('getSession', { id, etag });
    expect(second.session?.data.get('a')?.toString()).toBe('2');
  });

  test.each([
    ['createSession', { id: '' }],
    ['createSession', { id: 'x'.repeat(257) }],
    ['createSession', { id: 'a\nb' }],
    ['getSession', { id: '' }],
    ['getSession', { id: 'known', token: 'also' }],
  ] as const)('%s of %o is refused', async (method, request) => {
    expect(await failureOf(raw.call(method, request))).toMatchObject({ reason: 'INVALID_ARGUMENT' });
  });

  test('is not a token', async () => {
    const id = randomUUID();
    await raw.call('createSession', { id, mutations: [mutation.set('a', '1')] });
    expect(await failureOf(raw.call('getSession', { token: id }))).toMatchObject({ reason: 'TOKEN_INVALID' });
  });

  test('does not appear in Redis', async () => {
    const id = randomUUID();
    await raw.call('createSession', { id, mutations: [mutation.set('a', '1')] });
    if (redis === undefined) return;
    const keys = await redis.admin.keys('*');
    const records = await Promise.all(keys.map((key) => redis!.admin.get(key)));
    expect(records.length).toBeGreaterThan(0);
    expect([...keys, ...records].join('\n')).not.toContain(id);
  });
});
