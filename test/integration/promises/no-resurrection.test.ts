import { beforeAll, describe, expect, test } from '@jest/globals';
import { SessionError } from '@session-sidecar/client';
import type { ISession, SessionClient } from '@session-sidecar/client';
import { connect } from '../../support/client';
import type { RedisServer } from '../../support/redis';
import type { Sidecar } from '../../support/sidecar';
import { age } from '../../support/store-harness';
import { recordsIn } from '../../support/redis-inspection';
import { stackForAllTests } from '../../support/stack';

type Session = ISession<{ cart?: string[]; user?: string }>;

describe('nothing but a creation makes a session', () => {
  const stack = stackForAllTests();
  let redis: RedisServer;
  let sidecars: Sidecar[];
  let clients: SessionClient<{ cart?: string[]; user?: string }>[];

  beforeAll(async () => {
    redis = await stack.redis();
    sidecars = [await stack.sidecar({ redis }), await stack.sidecar({ redis })];
    clients = sidecars.map((sidecar) => stack.use(connect(sidecar)));
  });

  async function newSession(): Promise<Session> {
    const session = clients[0]!.create();
    session.set('cart', ['tea']);
    session.flash('hello');
    await session.save();
    return session;
  }

  const endings: Readonly<Record<string, (session: Session) => Promise<void>>> = {
    'was invalidated': (session) => session.invalidate(),
    'got another token': (session) => session.regenerate(),
    // As long as it takes; Redis then removes the key by itself.
    expired: () => age(redis, 24 * 3_600_000),
  };

  const lateCalls: Readonly<Record<string, (session: Session) => Promise<unknown>>> = {
    'a save of a new value': (session) => {
      session.set('user', 'ada');
      return session.save();
    },
    'a save of a value changed inside': (session) => {
      session.get('cart')!.push('milk');
      return session.save();
    },
    'a save of a default': (session) => {
      session.setDefault('user', 'ada');
      return session.save();
    },
    'a save of a removal': (session) => {
      session.delete('cart');
      return session.save();
    },
    'a save of an emptied session': (session) => {
      session.clear();
      return session.save();
    },
    'a save of a flash message': (session) => {
      session.flash('late');
      return session.save();
    },
    'a save of an idle timeout': (session) => {
      session.setIdleTimeout('never');
      return session.save();
    },
    'a save of a subject': (session) => {
      session.setSubject('ada');
      return session.save();
    },
    'a regeneration': (session) => session.regenerate(),
    'a transform': (session) => session.transform('cart', (cart = []) => [...cart, 'milk']),
    'a new CSRF token': (session) => session.newCsrfToken(),
    'a pop of flash messages': (session) => session.popFlash(),
    'a look at flash messages': (session) => session.peekFlash(),
  };

  describe.each(Object.entries(endings))('once a session %s', (_ending, end) => {
    test.each(Object.entries(lateCalls))(
      '%s is refused with SESSION_NOT_FOUND, and Redis stays as it is',
      async (_what, call) => {
        const session = await newSession();
        const late = await clients[1]!.open(session.token);
        await end(session);
        const before = await recordsIn(redis);
        await expect(call(late)).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
        expect(await recordsIn(redis)).toEqual(before);
      },
    );

    test('its token opens nothing, and opening makes nothing', async () => {
      const session = await newSession();
      const { token } = session;
      await end(session);
      const before = await recordsIn(redis);
      const opened = await clients[1]!.open(token);
      expect(opened).toMatchObject({ origin: 'not_found', isNew: true, token: undefined, size: 0 });
      await opened.save();
      expect(await recordsIn(redis)).toEqual(before);
    });

    test('ending it with its old token does nothing and is no error', async () => {
      const session = await newSession();
      const late = await clients[1]!.open(session.token);
      await end(session);
      const before = await recordsIn(redis);
      await late.invalidate();
      expect(await recordsIn(redis)).toEqual(before);
    });

    test('an object that still holds it keeps its changes, and stores them in a new session only after invalidate()', async () => {
      const session = await newSession();
      const late = await clients[1]!.open(session.token);
      const oldToken = late.token;
      await end(session);
      late.set('user', 'ada');
      await expect(late.save()).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
      expect(late).toMatchObject({ hasChanges: true, state: 'stored' });
      await late.invalidate();
      late.set('user', 'ada');
      await late.save();
      expect(late.token).not.toBe(oldToken);
      expect((await clients[0]!.open(late.token)).toObject()).toEqual({ user: 'ada' });
      expect((await clients[0]!.open(oldToken)).origin).toBe('not_found');
    });
  });

  test('in any order of a logout and concurrent saves, nothing is left', async () => {
    for (let round = 0; round < 50; round += 1) {
      await redis.admin.flushall();
      const session = await newSession();
      const racers = await Promise.all(
        Array.from({ length: 6 }, (_, index) => clients[index % 2]!.open(session.token)),
      );
      const outcomes = racers.map((racer, index) => {
        racer.set('user', `racer ${index}`);
        return index === round % 6 ? racer.invalidate() : racer.save();
      });
      for (const outcome of await Promise.allSettled(outcomes)) {
        const refused = outcome.status === 'rejected' && SessionError.is(outcome.reason) && outcome.reason.code;
        expect([false, 'SESSION_NOT_FOUND']).toContain(refused);
      }
      expect(await recordsIn(redis)).toEqual({});
    }
  });

  test('of concurrent regenerations one succeeds, and only its token opens the session', async () => {
    const session = await newSession();
    const racers = await Promise.all(Array.from({ length: 8 }, (_, index) => clients[index % 2]!.open(session.token)));
    const outcomes = await Promise.allSettled(racers.map((racer) => racer.regenerate()));
    const winners = racers.filter((_, index) => outcomes[index]!.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    expect(await clients[0]!.open(winners[0]!.token)).toMatchObject({ origin: 'found', handle: session.handle });
    expect((await clients[0]!.open(session.token)).origin).toBe('not_found');
  });
});
