import type { SessionClient } from '@session-sidecar/client';
import { beforeEach, expect, test } from '@jest/globals';
import type { ISession } from '@session-sidecar/client';
import { describeClientSession } from './fixture';
import type { Shop } from './fixture';

describeClientSession('the expiry and the subject of a session', (fixture) => {
  let client: SessionClient<Shop>;
  let session: ISession<Shop>;

  beforeEach(() => {
    ({ client, session } = fixture);
  });
  const { next } = fixture;

  const lifeOf = ({ created, expires }: ISession<Shop>) => expires && expires.getTime() - created!.getTime();

  test('its own idle timeout is kept, can be changed, and can be removed', async () => {
    const fresh = client.create();
    fresh.set('visits', 1);
    fresh.setIdleTimeout(10_000);
    await fresh.save();
    expect(lifeOf(fresh)).toBe(11_000);
    const found = await client.open(fresh.token);
    found.setIdleTimeout('never');
    expect(found.hasChanges).toBe(true);
    await found.save();
    expect(found.expires).toBeUndefined();
    expect((await client.open(fresh.token)).expires).toBeUndefined();
  });

  test('an idle timeout of a new session is kept until there is something to store', async () => {
    const fresh = client.create();
    fresh.setIdleTimeout(10_000);
    await fresh.save();
    expect([fresh.state, fresh.hasChanges]).toEqual(['new', false]);
    fresh.set('visits', 1);
    await fresh.save();
    expect(lifeOf(await client.open(fresh.token))).toBe(11_000);
  });

  test('a subject alone stores a new session, with the idle timeout set before', async () => {
    const fresh = client.create();
    fresh.setIdleTimeout(10_000);
    fresh.setSubject('ada');
    await fresh.save();
    const found = await client.open(fresh.token);
    expect([found.subject, lifeOf(found)]).toEqual(['ada', 11_000]);
  });

  test.each([0, 999, 1000.5, -1, NaN, Infinity, '5m', undefined])(
    'the idle timeout %p is refused with a RangeError',
    (timeout) => {
      expect(() => session.setIdleTimeout(timeout as never)).toThrow(RangeError);
      expect(session.hasChanges).toBe(false);
    },
  );

  test('a subject is kept, visible before it is saved, and can be removed', async () => {
    session.setSubject('ada');
    expect([session.subject, session.hasChanges]).toEqual(['ada', true]);
    await session.save();
    const found = await next();
    expect(found.subject).toBe('ada');
    found.setSubject(undefined);
    expect(found.subject).toBeUndefined();
    await found.save();
    expect((await next()).subject).toBeUndefined();
  });
});
