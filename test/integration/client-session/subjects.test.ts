import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from '@jest/globals';
import type { ISession, SessionClient, SubjectSession } from '@session-sidecar/client';
import { describeClientSession } from './fixture';
import type { Shop } from './fixture';

describeClientSession('the sessions of a subject', (fixture) => {
  let client: SessionClient<Shop>;
  let subject: string;

  beforeEach(() => {
    ({ client } = fixture);
    subject = `user ${randomUUID()}`;
  });
  const { callsOf } = fixture;

  async function signIn(label?: string): Promise<ISession<Shop>> {
    const session = client.create();
    session.set('user', { id: 7, name: 'Ada' });
    session.setSubject(subject);
    session.setLabel(label);
    await session.save();
    return session;
  }

  async function listed(options?: Parameters<ReturnType<SessionClient<Shop>['forSubject']>['list']>[0]) {
    const sessions: SubjectSession<Shop>[] = [];
    for await (const session of client.forSubject(subject).list(options)) sessions.push(session);
    return sessions;
  }

  const isThere = async ({ token }: ISession<Shop>) => (await client.open(token)).origin === 'found';

  test('a label is kept, visible before it is saved, changed with the token, and removed', async () => {
    const session = await signIn('phone');
    expect(session.label).toBe('phone');
    const found = await client.open(session.token);
    expect([found.label, found.hasChanges]).toEqual(['phone', false]);
    found.setLabel('tablet');
    expect([found.label, found.hasChanges]).toEqual(['tablet', true]);
    await found.regenerate();
    expect([found.label, found.hasChanges]).toEqual(['tablet', false]);
    const again = await client.open(found.token);
    expect(again.label).toBe('tablet');
    again.setLabel(undefined);
    await again.save();
    expect([again.label, (await client.open(found.token)).label]).toEqual([undefined, undefined]);
  });

  test('a label alone does not store a new session, but goes with it', async () => {
    const fresh = client.create();
    fresh.setLabel('phone');
    await fresh.save();
    expect([fresh.state, fresh.hasChanges, fresh.label]).toEqual(['new', false, 'phone']);
    fresh.set('visits', 1);
    await fresh.save();
    expect((await client.open(fresh.token)).label).toBe('phone');
  });

  test('are listed, one call for each page', async () => {
    const sessions = await Promise.all(['a', 'b', 'c'].map(signIn));
    const byHandle = sessions.sort((one, other) => (one.handle! < other.handle! ? -1 : 1));
    const current = sessions[1]!;
    const expected = byHandle.map(({ handle, label, created, expires, version }, at) => {
      return { handle, label, created, accessed: created, expires, version, isCurrent: at === 1, data: undefined };
    });
    expect(await listed({ current })).toEqual(expected);
    expect(await listed({ current: current.token })).toEqual(expected);
    expect(await callsOf(() => listed())).toEqual({ ListSubjectSessions: 1 });
    expect(await callsOf(() => listed({ pageSize: 2 }))).toEqual({ ListSubjectSessions: 2 });
    const { sessions: first, next } = await client.forSubject(subject).page({ pageSize: 2 });
    expect(first.map(({ handle }) => handle)).toEqual(byHandle.slice(0, 2).map(({ handle }) => handle));
    const last = await client.forSubject(subject).page({ pageSize: 2, after: next });
    expect([last.sessions.map(({ handle }) => handle), last.next]).toEqual([[byHandle[2]!.handle], undefined]);
  });

  test('are listed with their data if asked', async () => {
    await signIn();
    expect((await listed({ includeData: true })).map(({ data }) => data)).toEqual([{ user: { id: 7, name: 'Ada' } }]);
  });

  test('are ended, one by its handle, all but the current one, or all', async () => {
    const [current, one, ...others] = await Promise.all([1, 2, 3, 4].map(() => signIn()));
    const sessions = client.forSubject(subject);
    expect(await sessions.invalidate(one!.handle!)).toBe(true);
    expect(await sessions.invalidate(one!.handle!)).toBe(false);
    expect(await sessions.invalidate(fixture.session.handle!)).toBe(false);
    expect(await Promise.all([one!, current!, ...others].map(isThere))).toEqual([false, true, true, true]);
    expect(await sessions.invalidateAll({ exceptCurrent: current })).toBe(2);
    expect(await Promise.all([current!, ...others].map(isThere))).toEqual([true, false, false]);
    expect(await sessions.invalidateAll()).toBe(1);
    expect(await Promise.all([current!, fixture.session].map(isThere))).toEqual([false, true]);
  });

  test('a session that is not stored cannot be spared, and nothing is ended', async () => {
    const session = await signIn();
    const sessions = client.forSubject(subject);
    for (const none of [client.create(), '', 7, null] as never[]) {
      const got = expect.stringMatching(/^Expected `exceptCurrent` to be a stored session or a token, got /);
      await expect(sessions.invalidateAll({ exceptCurrent: none })).rejects.toMatchObject({ message: got });
    }
    await expect(sessions.invalidate('')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(sessions.invalidate(undefined as never)).rejects.toThrow(TypeError);
    expect(() => client.forSubject(7 as never)).toThrow(TypeError);
    expect(await isThere(session)).toBe(true);
  });
});
