import { beforeEach, expect, test } from '@jest/globals';
import type { ISession, SessionClient } from '@session-sidecar/client';
import { codeOf } from '../../support/client';
import { describeClientSession } from './fixture';
import type { Shop } from './fixture';

describeClientSession('regenerate({ grace }) of a session', (fixture) => {
  let client: SessionClient<Shop>;
  let session: ISession<Shop>;
  let old: string;

  beforeEach(() => {
    ({ client, session } = fixture);
    old = session.token!;
  });

  test('lets requests with the old token read and save for a while', async () => {
    const parallel = await client.open(old);
    await session.regenerate({ grace: 30_000 });
    parallel.set('note', 'parallel');
    await parallel.save();
    const later = await client.open(old);
    expect(later).toMatchObject({ origin: 'found', handle: session.handle });
    expect((await client.open(session.token)).get('note')).toBe('parallel');
  });

  test('does not let them replace the token', async () => {
    const parallel = await client.open(old);
    await session.regenerate({ grace: 30_000 });
    expect(await codeOf(parallel.regenerate({ grace: 30_000 }))).toBe('SESSION_NOT_FOUND');
    expect((await client.open(session.token)).origin).toBe('found');
  });

  test('is refused together with a change of the subject, and stores nothing', async () => {
    session.setSubject('ada');
    session.set('visits', 2);
    expect(await codeOf(session.regenerate({ grace: 1000 }))).toBe('INVALID_ARGUMENT');
    expect(session.token).toBe(old);
    expect((await client.open(old)).get('visits')).toBe(1);
    await session.regenerate();
    expect((await client.open(old)).origin).toBe('not_found');
  });

  test('ends when the subject is changed later, and by another regenerate()', async () => {
    await session.regenerate({ grace: 30_000 });
    session.setSubject('ada');
    await session.save();
    expect((await client.open(old)).origin).toBe('not_found');
    const second = session.token!;
    await session.regenerate({ grace: 30_000 });
    expect((await client.open(second)).origin).toBe('found');
    await session.regenerate();
    expect((await client.open(second)).origin).toBe('not_found');
  });

  test('ends with the session', async () => {
    await session.regenerate({ grace: 30_000 });
    await (await client.open(old)).invalidate();
    expect((await client.open(session.token)).origin).toBe('not_found');
  });

  test.each([0, -1, 30_001, 0.5, '1s'])('with %j as the grace is a RangeError, and calls nothing', async (grace) => {
    const calls = await fixture.callsOf(() =>
      expect(session.regenerate({ grace: grace as never })).rejects.toThrow(RangeError),
    );
    expect(calls).toEqual({});
  });
});
