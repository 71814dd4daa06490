import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { ListSubjectSessionsRequest } from '@session-sidecar/proto/session/v1/session_service';
import { connectRaw, failureOf, mutation } from '../support/raw-grpc';
import type { RawClient } from '../support/raw-grpc';
import type { RedisServer } from '../support/redis';
import { stackForAllTests } from '../support/stack';

/* What session_service.proto says of ListSubjectSessions and InvalidateSubjectSessions. */

describe.each(['memory', 'Redis'])('the sessions of a subject, with sessions in %s', (kind) => {
  const stack = stackForAllTests();
  let redis: RedisServer | undefined;
  let raw: RawClient;
  let metrics: () => Promise<string>;
  let subject: string;

  beforeAll(async () => {
    redis = kind === 'Redis' ? await stack.redis() : undefined;
    const sidecar = await stack.sidecar({ redis });
    raw = stack.use(connectRaw(sidecar.address));
    metrics = async () => (await fetch(`${sidecar.httpUrl}/metrics`)).text();
  });

  beforeEach(() => {
    subject = `user ${randomUUID()}`;
  });

  const signIn = (label?: string) =>
    raw.call('createSession', { subject, label, mutations: [mutation.set('secret plan', '"tea"')] });
  const list = (more: Partial<ListSubjectSessionsRequest> = {}) =>
    raw.call('listSubjectSessions', { subject, ...more });
  const exists = async (token: string) =>
    raw.call('getSession', { token }).then(
      () => true,
      () => false,
    );

  test('are listed with what their owner may see, and with nothing that a thief could use', async () => {
    const [phone, laptop] = [await signIn('phone'), await signIn()];
    const { sessions, nextPageToken } = await list({ currentToken: laptop.token });
    expect(nextPageToken).toBe('');
    const expected = [phone, laptop].map(({ session }) => ({
      handle: session!.handle,
      label: session!.label,
      created: session!.created,
      accessed: session!.accessed,
      expires: session!.expires,
      version: 1,
      isCurrent: session === laptop.session,
      data: new Map(),
    }));
    expect(sessions).toEqual(expected.sort((one, other) => (one.handle < other.handle ? -1 : 1)));
    const text = JSON.stringify(sessions);
    for (const { token, session } of [phone, laptop]) {
      expect(text).not.toContain(token.slice(22, 40));
      expect(text).not.toContain(session!.csrfToken);
    }
  });

  test('are listed with their data only if asked', async () => {
    await signIn();
    const { sessions } = await list({ includeData: true });
    expect(sessions.map(({ data }) => [...data].map(([key, value]) => [key, String(value)]))).toEqual([
      [['secret plan', '"tea"']],
    ]);
  });

  test('are listed in pages', async () => {
    const tokens = await Promise.all(Array.from({ length: 5 }, () => signIn()));
    const handles: string[] = [];
    let pageToken = '';
    do {
      const page = await list({ pageSize: 2, pageToken });
      handles.push(...page.sessions.map(({ handle }) => handle));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(handles).toEqual(tokens.map(({ session }) => session!.handle).sort());
  });

  test('whose token was replaced is not the current one any more', async () => {
    const { token } = await signIn();
    const regenerated = await raw.call('regenerateSession', { token, label: 'phone' });
    expect((await list({ currentToken: token })).sessions).toMatchObject([{ isCurrent: false, label: 'phone' }]);
    expect((await list({ currentToken: regenerated.token })).sessions).toMatchObject([{ isCurrent: true }]);
    await expect(raw.call('invalidateSubjectSessions', { subject, exceptToken: token })).resolves.toEqual({
      endedCount: 1,
    });
  });

  test('are ended, all of them, or all but one, or one of them', async () => {
    const [first, second, third, fourth] = await Promise.all([1, 2, 3, 4].map(() => signIn()));
    const existing = () => Promise.all([first, second, third, fourth].map((each) => exists(each!.token)));
    const before = /^session_sidecar_sessions_invalidated_total (\d+)/m.exec(await metrics())?.[1] ?? '0';
    const handles = [first!.session!.handle];
    await expect(raw.call('invalidateSubjectSessions', { subject, handles })).resolves.toEqual({ endedCount: 1 });
    await expect(raw.call('invalidateSubjectSessions', { subject, handles })).resolves.toEqual({ endedCount: 0 });
    expect(await existing()).toEqual([false, true, true, true]);
    const exceptToken = second!.token;
    await expect(raw.call('invalidateSubjectSessions', { subject, exceptToken })).resolves.toEqual({ endedCount: 2 });
    expect(await existing()).toEqual([false, true, false, false]);
    await expect(raw.call('invalidateSubjectSessions', { subject })).resolves.toEqual({ endedCount: 1 });
    expect(await existing()).toEqual([false, false, false, false]);
    expect(await metrics()).toContain(`session_sidecar_sessions_invalidated_total ${Number(before) + 4}\n`);
    expect(await metrics()).toContain('session_sidecar_subject_upkeep_failures_total 0\n');
  });

  const invalid: [string, Partial<ListSubjectSessionsRequest>, string][] = [
    ['no subject', { subject: '' }, 'subject'],
    ['a long subject', { subject: 'x'.repeat(257) }, 'subject'],
    ['a negative page size', { pageSize: -1 }, 'page_size'],
    ['too large a page', { pageSize: 1001 }, 'page_size'],
    ['a page token of its own', { pageToken: 'x' }, 'page_token'],
  ];

  test.each(invalid)('are not listed with %s', async (_what, request, field) => {
    const failure = await failureOf(list(request));
    expect(failure).toMatchObject({
      reason: 'INVALID_ARGUMENT',
      violations: { [field]: expect.stringContaining('Expected ') },
    });
  });

  test('are not ended with invalid handles, each of which is named', async () => {
    const { token } = await signIn();
    const handles = ['x', 'y'.repeat(22), 'z'.repeat(23)];
    const failure = await failureOf(raw.call('invalidateSubjectSessions', { subject, handles }));
    expect(failure).toMatchObject({
      reason: 'INVALID_ARGUMENT',
      violations: {
        'handles[0]': 'Expected a handle, got another text of 1 characters.',
        'handles[2]': 'Expected a handle, got another text of 23 characters.',
      },
    });
    const many = await failureOf(
      raw.call('invalidateSubjectSessions', { subject, handles: Array.from({ length: 1001 }, () => 'x') }),
    );
    expect(many).toMatchObject({
      reason: 'INVALID_ARGUMENT',
      violations: { handles: 'Expected at most 1000, got 1001.' },
    });
    expect(await exists(token)).toBe(true);
  });

  test('are neither listed nor ended for the sake of a token that is not genuine', async () => {
    const { token } = await signIn();
    for (const bad of ['', `${token}x`]) {
      expect(await failureOf(list({ currentToken: bad }))).toMatchObject({ reason: 'TOKEN_INVALID' });
      const ending = raw.call('invalidateSubjectSessions', { subject, exceptToken: bad });
      expect(await failureOf(ending)).toMatchObject({ reason: 'TOKEN_INVALID' });
    }
    expect(await exists(token)).toBe(true);
  });
});
