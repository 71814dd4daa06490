import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { SessionClient } from '@session-sidecar/client';
import type { ISession } from '@session-sidecar/client';
import { connect } from '../../support/client';
import type { RedisServer } from '../../support/redis';
import { countRpcs } from '../../support/sidecar';
import type { Sidecar } from '../../support/sidecar';
import { commandsOf, recordsIn } from '../../support/redis-inspection';
import { stackForAllTests } from '../../support/stack';

type Session = ISession<{ cart?: string[]; user?: string }>;

describe('there is no session for nobody', () => {
  const stack = stackForAllTests();
  let redis: RedisServer;
  let sidecar: Sidecar;
  let client: SessionClient<{ cart?: string[]; user?: string }>;

  beforeAll(async () => {
    redis = await stack.redis();
    sidecar = await stack.sidecar({ redis });
    client = stack.use(connect(sidecar));
  });

  let endedToken: string;

  beforeEach(async () => {
    const session = client.create();
    session.set('user', 'ada');
    await session.save();
    endedToken = session.token!;
    await session.invalidate();
    expect(await recordsIn(redis)).toEqual({});
  });

  const visitors: Readonly<Record<string, () => string | undefined>> = {
    'who comes for the first time': () => undefined,
    'with an empty cookie': () => '',
    'with a cookie of something else': () => 'theme=dark',
    'with a forged token': () => `${'A'.repeat(43)}.${'A'.repeat(24)}`,
    'whose session has ended': () => endedToken,
  };

  const uses: Readonly<Record<string, (session: Session) => unknown>> = {
    'nothing but save': () => undefined,
    reading: (session) => [
      session.get('user'),
      session.get('cart', []),
      session.has('user'),
      session.size,
      session.toObject(),
    ],
    iterating: (session) => [...session, ...session.keys(), ...session.values(), ...session.entries()],
    'removing what is not there': (session) => [
      session.delete('user'),
      session.pop('user'),
      session.popItem(),
      session.clear(),
    ],
    'writing and removing again': (session) => [session.set('user', 'ada'), session.delete('user')],
    'writing and emptying again': (session) => [session.set('user', 'ada'), session.clear()],
    'marking everything as changed': (session) => session.changed(),
    'looking for flash messages': async (session) => [await session.peekFlash(), await session.popFlash('errors')],
    'flashing a message and showing it in the same request': async (session) => {
      session.flash('saved');
      expect(await session.popFlash()).toEqual(['saved']);
    },
    'checking a CSRF token': (session) => expect(session.checkCsrfToken('guessed')).toBe(false),
    'an idle timeout of its own': (session) => session.setIdleTimeout(60_000),
    'a subject that is nobody': (session) => session.setSubject(undefined),
    regenerating: (session) => session.regenerate(),
    invalidating: (session) => session.invalidate(),
    'writing and invalidating': (session) => {
      session.set('user', 'ada');
      return session.invalidate();
    },
  };

  describe.each(Object.entries(visitors))('for a visitor %s', (_who, tokenOf) => {
    test.each(Object.entries(uses))('%s stores nothing and gives no token', async (_what, use) => {
      const session = await client.open(tokenOf());
      await use(session);
      await session.save();
      expect(session).toMatchObject({ state: 'new', token: undefined, handle: undefined, hasChanges: false });
      expect(await recordsIn(redis)).toEqual({});
    });
  });

  test('a request without a token causes no call', async () => {
    const before = await countRpcs(sidecar);
    for (const use of Object.values(uses)) {
      const session = await client.open();
      await use(session);
      await session.save();
    }
    expect(await countRpcs(sidecar)).toEqual(before);
  });

  test('a token that is forged costs one call, and Redis nothing', async () => {
    const before = await countRpcs(sidecar);
    const commands = await commandsOf(redis, async () => {
      const session = await client.open(visitors['with a forged token']!());
      await session.save();
    });
    expect(commands).toEqual({});
    expect(await countRpcs(sidecar)).toEqual({ ...before, GetSession: before['GetSession']! + 1 });
  });

  const writes: Readonly<Record<string, (session: Session) => unknown>> = {
    'a value': (session) => session.set('user', 'ada'),
    'a default': (session) => session.setDefault('cart', []).push('tea'),
    'a flash message': (session) => session.flash('hello'),
    'a subject': (session) => session.setSubject('ada'),
    'the need of a CSRF token': (session) => session.csrfToken(),
    'a new CSRF token': (session) => session.newCsrfToken(),
    'a transform': (session) => session.transform('cart', () => ['tea']),
  };

  test.each(Object.entries(writes))('%s creates one, in one call', async (_what, write) => {
    const before = await countRpcs(sidecar);
    const session = await client.open();
    await write(session);
    await session.save();
    expect(session).toMatchObject({ state: 'stored', isNew: true, token: expect.any(String) });
    expect(Object.keys(await recordsIn(redis))).toHaveLength(1);
    expect(await countRpcs(sidecar)).toEqual({ ...before, CreateSession: before['CreateSession']! + 1 });
    await session.invalidate();
  });
});
