import { beforeAll, describe, expect, test } from '@jest/globals';
import { SessionClient } from '@session-sidecar/client';
import { connectRaw, failureOf, methods, mutation } from '../../support/raw-grpc';
import type { MethodName, RawClient } from '../../support/raw-grpc';
import type { Sidecar } from '../../support/sidecar';
import type { RedisServer } from '../../support/redis';
import { storedIn } from '../../support/redis-inspection';
import { stackForAllTests } from '../../support/stack';
import { validRequest } from '../../support/valid-requests';
import { marked } from './fixture';

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
    newer_format: (key) => redis.admin.set(key, `3 ${marked}`),
    foreign_type: async (key) => {
      await redis.admin.del(key);
      await redis.admin.hset(key, marked, marked);
    },
  };
  const names = (Object.keys(methods) as MethodName[]).filter(
    (name) => name !== 'createSession' && name !== 'invalidateSession' && !name.endsWith('SubjectSessions'),
  );
  const lines = () => sidecar.log().split('\n').filter(Boolean);

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

        const failure = await failureOf(raw.call(method, validRequest(method, token)));
        const { metadata, message } = failure;
        const errorId = metadata['error_id'];
        expect(failure).toMatchObject({ status: 'INTERNAL', reason: 'INTERNAL' });
        expect(message).toBe(`Internal error ${errorId}. See the sidecar's log.`);

        const line = lines().find((logged) => logged.includes(String(errorId)));
        expect(JSON.parse(line ?? '{}')).toMatchObject({ level: 'error', method: methods[method].name, errorId });
        expect(line).toContain(`The stored record of session ${handle} cannot be read (${problem}).`);
        expect(line).not.toContain(marked);
        expect(await storedIn(redis)).toEqual(before);
      },
    );
  });

  describe.each(['unary', 'pipeline'] as const)('over %s', (transport) => {
    const openClient = () => stack.use(new SessionClient({ address: sidecar.address, transport }));

    /** The token of a session with a record that was damaged. */
    async function damaged(damage: (key: string) => Promise<unknown>) {
      const { token, session } = await raw.call('createSession', { mutations: [mutation.set('a', '1')] });
      const key = `session:${session!.handle}`;
      await damage(key);
      return { token, key };
    }

    test.each(['damaged', 'foreign_type'])('is ended if it is %s; the log has the handle', async (problem) => {
      const client = openClient();
      const { token, key } = await damaged(damages[problem]!);
      await client.invalidate(token);
      expect(await redis.admin.exists(key)).toBe(0);
      expect((await client.open(token)).origin).toBe('not_found');
      const handle = key.slice('session:'.length);
      const [line, ...more] = lines().filter((each) => each.includes(handle) && !each.includes('"level":"debug"'));
      expect(more).toEqual([]);
      expect(JSON.parse(line!)).toMatchObject({
        level: 'warn',
        msg: 'session ended although its record cannot be read',
        err: { message: `The stored record of session ${handle} cannot be read (${problem}).` },
      });
      expect(line).not.toContain(marked);
    });

    test('is not ended by a token with another signature', async () => {
      const client = openClient();
      const { token, key } = await damaged(damages['damaged']!);
      const forged = token.slice(0, -4) + (token.endsWith('AAAA') ? 'BBBB' : 'AAAA');
      await client.invalidate(forged);
      expect(await redis.admin.exists(key)).toBe(1);
    });

    test('is not ended if it is of a newer format that does not confirm the secret', async () => {
      const client = openClient();
      const { token, key } = await damaged(damages['newer_format']!);
      await expect(client.invalidate(token)).rejects.toMatchObject({ code: 'INTERNAL' });
      expect(await redis.admin.exists(key)).toBe(1);
    });
  });

  test('does not stop the sidecar from serving other sessions', async () => {
    const { token } = await raw.call('createSession', { mutations: [mutation.set('a', '1')] });
    expect((await raw.call('getSession', { token })).session!.version).toBe(1);
  });
});
