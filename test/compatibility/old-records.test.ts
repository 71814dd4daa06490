import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Session } from '@session-sidecar/proto/session/v1/session';
import { until } from '../support/poll';
import { signingKey } from '../support/process';
import { connectRaw, failureOf, methods, mutation } from '../support/raw-grpc';
import type { MethodName, RawClient, RequestOf } from '../support/raw-grpc';
import type { RedisServer } from '../support/redis';
import type { Sidecar } from '../support/sidecar';
import { recordsIn } from '../support/redis-inspection';
import { oldSidecar } from './old-build';
import { stackForAllTests } from '../support/stack';

const stack = stackForAllTests();

/** An old and a new sidecar on one Redis, as during an upgrade. */
let redis: RedisServer;
let newSidecar: Sidecar;
const sidecars = {} as Record<'old' | 'new', RawClient>;
const settings = { SIGNING_KEYS: signingKey };

beforeAll(async () => {
  redis = await stack.redis();
  const { address } = await stack.process(oldSidecar(redis));
  newSidecar = await stack.sidecar({ redis, settings });
  sidecars.old = stack.use(connectRaw(address));
  sidecars.new = stack.use(connectRaw(newSidecar.address));
});

afterEach(async () => {
  await redis.admin.flushall();
});

async function read(sidecar: RawClient, token: string): Promise<Session> {
  return (await sidecar.call('getSession', { token })).session!;
}

/** What both sidecars show after `changer` changed a session. A near cache may show it for a moment as it was. */
async function seenByBoth(changer: RawClient, token: string): Promise<Session> {
  const session = await read(changer, token);
  await until('the change to be seen', async () => (await read(sidecars.new, token)).version === session.version);
  for (const sidecar of Object.values(sidecars)) expect(await read(sidecar, token)).toEqual(session);
  return session;
}

const filled = [
  mutation.set('größe ', '"two\nlines="\n'),
  mutation.set('user', '{"id":7,"name":"Ada"}'),
  mutation.append('cart', '"tea"'),
  mutation.increment('n', -2),
  mutation.pushFlash('', '"Saved"'),
  mutation.pushFlash('', '1'),
  mutation.pushFlash('errors', '{}'),
];

const records: Readonly<Record<string, Partial<RequestOf<'createSession'>>>> = {
  'with nothing in it': {},
  'with everything in it': { mutations: filled, subject: '7' },
  'with an idle timeout of its own': {
    mutations: filled,
    idleExpiry: { $case: 'idleTimeout', value: { seconds: 90, nanos: 500_000_000 } },
  },
  'that does not expire': { mutations: filled, idleExpiry: { $case: 'noIdleTimeout', value: true } },
};

const later = [
  mutation.set('größe ', '1'),
  mutation.setIfAbsent('language', '"en"'),
  mutation.delete('user'),
  mutation.append('cart', '"milk"', true),
  mutation.increment('n', 44),
  mutation.pushFlash('errors', '[]', true),
];

describe.each([
  { writer: 'old', changer: 'new' },
  { writer: 'new', changer: 'old' },
] as const)('a record that the $writer sidecar wrote', ({ writer, changer }) => {
  describe.each(Object.entries(records))('%s', (_what, request) => {
    let token: string;

    beforeEach(async () => {
      ({ token } = await sidecars[writer].call('createSession', request));
    });

    test(`is read by the ${changer} one, byte for byte as it was`, async () => {
      const before = await recordsIn(redis);
      const { data } = await seenByBoth(sidecars[writer], token);
      expect(data.size).toBe(request.mutations === undefined ? 0 : 4);
      expect(await recordsIn(redis)).toEqual(before);
    });

    test(`is changed by the ${changer} one, and both see the result`, async () => {
      const { version } = await seenByBoth(sidecars[writer], token);
      const { results } = await sidecars[changer].call('updateSession', { token, mutations: later, subject: 'Bob' });
      expect(results).toHaveLength(later.length);
      const session = await seenByBoth(sidecars[changer], token);
      expect(session).toMatchObject({ version: version + 1, subject: 'Bob' });
      const n = request.mutations === undefined ? 44 : 42;
      expect([...session.data].map(([key, value]) => [key, value.toString()]).sort()).toEqual([
        ['cart', request.mutations === undefined ? '["milk"]' : '["tea","milk"]'],
        ['größe ', '1'],
        ['language', '"en"'],
        ['n', String(n)],
      ]);
    });

    test(`gives its messages to the ${changer} one, and to no other`, async () => {
      await seenByBoth(sidecars[writer], token);
      const { messages } = await sidecars[changer].call('popFlash', { token, queue: '' });
      expect(messages.map(String)).toEqual(request.mutations === undefined ? [] : ['"Saved"', '1']);
      expect((await sidecars[writer].call('popFlash', { token, queue: '' })).messages).toEqual([]);
    });

    test(`gets a new token from the ${changer} one, which both accept; the previous one is invalid`, async () => {
      const before = await seenByBoth(sidecars[writer], token);
      const { token: next } = await sidecars[changer].call('regenerateSession', { token });
      const after = await seenByBoth(sidecars[changer], next);
      expect({ handle: after.handle, data: after.data }).toEqual({ handle: before.handle, data: before.data });
      expect(after.csrfToken).not.toBe(before.csrfToken);
      await expectEnded(token);
    });

    test(`is ended by the ${changer} one`, async () => {
      await seenByBoth(sidecars[writer], token);
      await sidecars[changer].call('invalidateSession', { token });
      expect(await recordsIn(redis)).toEqual({});
      await expectEnded(token);
    });
  });
});

async function expectEnded(token: string): Promise<void> {
  for (const sidecar of Object.values(sidecars)) {
    const late = { token, mutations: later };
    expect(await failureOf(sidecar.call('updateSession', late))).toMatchObject({ reason: 'SESSION_NOT_FOUND' });
    await until('the end to be seen', async () => {
      const failure = await failureOf(sidecar.call('getSession', { token })).catch(() => undefined);
      return failure?.reason === 'SESSION_NOT_FOUND';
    });
  }
}

test('an access to a record of the old sidecar is recorded in it, and nothing else is changed', async () => {
  const { token, session } = await sidecars.old.call('createSession', records['with everything in it']!);
  const key = `session:${session!.handle}`;
  const before = await redis.admin.get(key);
  const touching = await stack.sidecar({
    redis,
    settings: { ...settings, TOUCH_INTERVAL: '0s' },
  });
  const client = connectRaw(touching.address);
  await until('an access', async () => (await read(client, token)).accessed! > session!.accessed!);
  client.close();
  await touching.close();
  const { accessed } = await seenByBoth(sidecars.old, token);
  expect(await redis.admin.get(key)).toBe(
    // The first of the two times is that of the creation.
    before!.replace(/^(\S+ \S+ \S+) \S+/, `$1 ${accessed!.getTime()}`),
  );
});

test('of changes through both sidecars at once, none is lost', async () => {
  const { token } = await sidecars.old.call('createSession', {});
  const changes = Array.from({ length: 100 }, (_, n) => {
    const sidecar = n % 2 === 0 ? sidecars.old : sidecars.new;
    return sidecar.call('updateSession', {
      token,
      mutations: [mutation.increment('count', 1), mutation.append('list', String(n)), mutation.set(`key ${n}`, '1')],
    });
  });
  await Promise.all(changes);
  const { data, version } = await seenByBoth(sidecars.old, token);
  expect(version).toBe(101);
  expect(String(data.get('count'))).toBe('100');
  expect((JSON.parse(String(data.get('list'))) as number[]).sort((a, b) => a - b)).toEqual([...changes.keys()]);
  expect(data.size).toBe(102);
});

/** The methods that take a token, of those that the old sidecar has. */
const methodsWithToken = (Object.keys(methods) as MethodName[]).filter(
  (name) => name !== 'createSession' && !name.endsWith('SubjectSessions') && !name.endsWith('Lease'),
);

test.each(['old', 'new'] as const)(
  'the %s sidecar refuses a record of a newer format and leaves it as it is',
  async (which) => {
    const { token, session } = await sidecars[which].call('createSession', { mutations: filled });
    await redis.admin.set(`session:${session!.handle}`, '3 and whatever comes then', 'EX', 1000);
    const before = await recordsIn(redis);
    for (const method of methodsWithToken) {
      const request = { token, mutations: later, message: Buffer.from('1') } as Partial<RequestOf<MethodName>>;
      expect(await failureOf(sidecars[which].call(method, request))).toMatchObject({ reason: 'INTERNAL' });
    }
    expect(await recordsIn(redis)).toEqual(before);
  },
);
