import type { ISession } from '@session-sidecar/client';
import type { SessionClient } from '@session-sidecar/client';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { SessionOrigin } from '@session-sidecar/client';
import { describeClientSession } from './fixture';
import type { Shop } from './fixture';

describeClientSession('the life of a session', (fixture) => {
  let client: SessionClient<Shop>;
  let session: ISession<Shop>;

  beforeEach(() => {
    ({ client, session } = fixture);
  });
  const { next, stored } = fixture;

  test('begins new, without a token, and is stored by the first save that has something to store', async () => {
    const fresh = client.create();
    const nothing = { token: undefined, handle: undefined, created: undefined, expires: undefined, version: 0 };
    expect(fresh).toMatchObject({ state: 'new', origin: 'none', isNew: true, hasChanges: false, ...nothing });
    fresh.set('visits', 1);
    expect(fresh).toMatchObject({ state: 'new', isNew: true, hasChanges: true, ...nothing });
    await fresh.save();
    expect(fresh).toMatchObject({ state: 'stored', origin: 'none', isNew: true, hasChanges: false, version: 1 });
    expect(fresh.token).toHaveLength(68);
    expect(fresh.handle).toHaveLength(22);
  });

  test('goes on in the next request, which is not new and knows when it was created', async () => {
    const found = await next();
    expect(found).toMatchObject({ state: 'stored', origin: 'found', isNew: false, hasChanges: false, version: 1 });
    expect(found).toMatchObject({
      token: session.token,
      handle: session.handle,
      created: session.created,
      expires: session.expires,
    });
    expect(found.created).toBeInstanceOf(Date);
    expect(found.expires!.getTime()).toBeGreaterThan(found.created!.getTime());
  });

  test.each<[string, () => string | undefined, SessionOrigin]>([
    ['no token', () => undefined, 'none'],
    ['an empty token', () => '', 'none'],
    ['a token that was not issued here', () => 'x', 'token_invalid'],
    ['a token whose session has ended', () => session.token, 'not_found'],
  ])('is new with %s, and its origin gives the reason', async (_what, tokenOf, origin) => {
    const token = tokenOf();
    if (origin === 'not_found') await session.invalidate();
    const opened = await client.open(token);
    expect(opened).toMatchObject({ state: 'new', origin, isNew: true, token: undefined, size: 0 });
    opened.set('visits', 1);
    await opened.save();
    expect(opened).toMatchObject({ state: 'stored', origin, isNew: true });
    expect(opened.token).not.toBe(token);
  });

  test('ends by the client, too, without being loaded; other tokens do no harm', async () => {
    const other = client.create();
    other.set('visits', 1);
    await other.save();
    await client.invalidate(['x', session.token!, 'A'.repeat(43), other.token!]);
    expect([(await next()).isNew, (await client.open(other.token)).isNew]).toEqual([true, false]);
    await client.invalidate(other.token!);
    await client.invalidate(other.token!);
    expect((await client.open(other.token)).origin).toBe('not_found');
  });

  test('ends by invalidate(), which forgets everything at once; the object then works like a new session', async () => {
    const { token, handle } = session;
    session.set('visits', 2);
    session.flash('hello');
    session.setSubject('ada');
    await session.invalidate();
    expect(session).toMatchObject({
      state: 'invalidated',
      isNew: true,
      token: undefined,
      handle: undefined,
      version: 0,
      size: 0,
    });
    expect(session).toMatchObject({ hasChanges: false, subject: undefined, created: undefined, expires: undefined });
    expect((await client.open(token)).origin).toBe('not_found');
    expect([await session.popFlash(), session.checkCsrfToken('x')]).toEqual([[], false]);

    session.set('visits', 1);
    await session.save();
    expect(session).toMatchObject({ state: 'stored', isNew: true, version: 1 });
    expect(session.handle).not.toBe(handle);
    expect(await stored()).toEqual({ visits: 1 });
  });

  test('can be invalidated repeatedly', async () => {
    await session.invalidate();
    await session.invalidate();
    session.set('visits', 1);
    await session.save();
    await session.invalidate();
    expect(session).toMatchObject({ state: 'invalidated', token: undefined });
    await session.save();
    expect(session.state).toBe('invalidated');
  });

  test('goes on under another token after regenerate(), with its data, messages, subject and handle', async () => {
    const { token, handle, created } = session;
    session.flash('hello');
    session.setSubject('ada');
    await session.save();
    const csrfToken = await session.csrfToken();

    const request = await next();
    request.set('user', { id: 8, name: 'Bob' });
    await request.regenerate();
    expect(request).toMatchObject({ handle, created, subject: 'ada', isNew: false, hasChanges: false, version: 3 });
    expect(request.token).not.toBe(token);
    expect(request.checkCsrfToken(csrfToken)).toBe(false);
    expect((await client.open(token)).origin).toBe('not_found');
    const after = await client.open(request.token);
    expect(after).toMatchObject({ handle, subject: 'ada', version: 3 });
    expect(after.toObject()).toEqual({ user: { id: 8, name: 'Bob' }, cart: ['tea'], visits: 1 });
    expect(await after.peekFlash()).toEqual(['hello']);
    expect(after.checkCsrfToken(await request.csrfToken())).toBe(true);
  });

  test('when regenerate() saves, an idle timeout set before is not forgotten', async () => {
    session.setIdleTimeout(3_600_000);
    await session.regenerate();
    expect(session.hasChanges).toBe(false);
    const { created, expires } = await next();
    expect(expires!.getTime() - created!.getTime()).toBeGreaterThan(3_600_000);
  });

  describe('that has ended, or whose token another request has replaced, after regenerate() with orCreate', () => {
    const ends: [string, (other: ISession<Shop>) => Promise<void>][] = [
      ['ended', (other) => other.invalidate()],
      ['replaced', (other) => other.regenerate()],
    ];

    test.each(ends)('(%s) is a new one with what was set, and nothing that was loaded', async (_what, end) => {
      const other = await next();
      const request = await next();
      await end(other);
      request.get('cart')!.push('cups');
      request.changed('cart');
      request.delete('visits');
      request.set('note', 'new');
      request.setDefault('nested', { list: [] });
      request.flash('Welcome');
      request.setSubject('ada');
      request.setIdleTimeout(3_600_000);
      await request.regenerate({ orCreate: true });

      expect(request).toMatchObject({ state: 'stored', isNew: true, hasChanges: false, version: 1, subject: 'ada' });
      expect(request.handle).not.toBe(session.handle);
      const found = await client.open(request.token);
      expect(found.toObject()).toEqual({ note: 'new', nested: { list: [] } });
      expect(request.toObject()).toEqual({ note: 'new', nested: { list: [] } });
      expect([await found.popFlash(), found.subject]).toEqual([['Welcome'], 'ada']);
      expect(found.expires!.getTime() - found.created!.getTime()).toBeGreaterThan(3_600_000);
      expect((await next()).origin).toBe('not_found');
      if (other.state === 'stored') expect((await client.open(other.token)).get('cart')).toEqual(['tea']);

      request.set('visits', 5);
      await request.save();
      expect((await client.open(request.token)).get('visits')).toBe(5);
    });

    test.each(ends)('(%s) rejects if nothing was set', async (_what, end) => {
      const request = await next();
      await end(await next());
      request.get('cart')!.push('cups');
      await expect(request.regenerate({ orCreate: true })).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
      expect(request).toMatchObject({ state: 'stored', isNew: false, token: session.token });
    });

    test('is as before if the new one cannot be created', async () => {
      const request = await next();
      await (await next()).invalidate();
      request.set('note', 'x'.repeat(300_000));
      await expect(request.regenerate({ orCreate: true })).rejects.toMatchObject({ code: 'SESSION_TOO_LARGE' });
      expect(request).toMatchObject({ state: 'stored', isNew: false, token: session.token });
      expect(request.toObject()).toMatchObject({ cart: ['tea'], note: expect.any(String) });
      await expect(request.save()).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
    });

    test('costs nothing more where the session is there', async () => {
      const request = await next();
      request.set('note', 'new');
      const calls = await fixture.callsOf(() => request.regenerate({ orCreate: true }));
      expect(calls).toEqual({ RegenerateSession: 1 });
      expect(request).toMatchObject({ handle: session.handle, isNew: false });
    });
  });
});
