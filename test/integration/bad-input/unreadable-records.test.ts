import { beforeAll, describe, expect, test } from '@jest/globals';
import { connectRaw, failureOf, methods, mutation } from '../../support/raw-grpc';
import type { MethodName, RawClient, RequestOf } from '../../support/raw-grpc';
import type { Sidecar } from '../../support/sidecar';
import type { RedisServer } from '../../support/redis';
import { storedIn } from '../../support/redis-inspection';
import { stackForAllTests } from '../../support/stack';
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
