import { beforeAll, describe, expect, test } from '@jest/globals';
import type { RevokeSessionsRequest } from '@session-sidecar/proto/session/admin/v1/admin_service';
import { metricsOf } from '../../support/process';
import { connectAdmin } from '../../support/raw-admin';
import { failureOf } from '../../support/raw-grpc';
import type { RedisServer } from '../../support/redis';
import { stackForAllTests } from '../../support/stack';
import { adminToken, isAlive, sessionsOf, signIn, startAdministered, statusesOf } from './fixture';
import type { Administered } from './fixture';

/* What admin_service.proto says. */

describe.each(['memory', 'Redis'])('administration of sessions in %s', (kind) => {
  const stack = stackForAllTests();
  let redis: RedisServer | undefined;
  let all: Administered;

  beforeAll(async () => {
    redis = kind === 'Redis' ? await stack.redis() : undefined;
    all = await startAdministered(stack, { redis, settings: { RECORD_SIGNING_KEY: 'on', MAX_REPLY_SIZE: '64KiB' } });
  });

  const revoked = async (request: Partial<RevokeSessionsRequest>): Promise<number> => {
    const last = await all.admin.last('revokeSessions', request);
    expect(last).toMatchObject({ done: true, progress: 1 });
    return last.revokedCount;
  };

  test('counts the sessions', async () => {
    const { app, admin } = all;
    const before = await admin.last('countSessions');
    await Promise.all(Array.from({ length: 30 }, () => signIn(app, 'counted')));
    const count = before.count + 30;
    expect(await admin.last('countSessions')).toEqual({ count, progress: 1, done: true });
    const estimate = await admin.last('estimateSessions');
    expect(estimate).toEqual({ count, low: count, high: count });
  });

  test('returns sessions by handles and tokens, and never a secret', async () => {
    const { app, admin } = all;
    const [one, other] = [await signIn(app, 'ada'), await signIn(app)];
    const { token: newToken, csrfToken } = await app.call('regenerateSession', { token: other.token });
    const unknown = 'A'.repeat(22);
    const byHandle = await admin.last('getSessions', { handles: [one.handle, unknown, other.handle] });
    expect(statusesOf(byHandle.results)).toEqual(['FOUND', 'NOT_FOUND', 'FOUND']);
    expect(byHandle.results.map(({ handle }) => handle)).toEqual([one.handle, unknown, other.handle]);
    expect(sessionsOf(byHandle.results)[0]).toMatchObject({ subject: 'ada', version: 1, data: new Map() });
    expect(sessionsOf(byHandle.results)[0]!.signingKey).toMatch(/^[\w-]{8}$/);
    const tokens = [one.token, 'forged', other.token, newToken];
    const byToken = await admin.last('getSessions', { tokens, includeData: true });
    expect(statusesOf(byToken.results)).toEqual(['FOUND', 'TOKEN_INVALID', 'NOT_FOUND', 'FOUND']);
    expect(sessionsOf(byToken.results)[3]!.data).toEqual(new Map([['cart', Buffer.from('"tea"')]]));
    const text = JSON.stringify([byHandle, byToken]);
    for (const secret of [one.token.slice(22, 43), newToken.slice(22, 43), csrfToken])
      expect(text).not.toContain(secret);
  });

  test('returns the sessions of a subject in pages', async () => {
    const { app, admin } = all;
    const handles = (await Promise.all([1, 2, 3].map(() => signIn(app, 'paged')))).map(({ handle }) => handle);
    const first = await admin.last('getSessions', { subject: 'paged', pageSize: 2 });
    expect(first.results).toHaveLength(2);
    const rest = await admin.last('getSessions', { subject: 'paged', pageToken: first.nextPageToken });
    expect(rest.nextPageToken).toBe('');
    expect([...first.results, ...rest.results].map(({ handle }) => handle)).toEqual(handles.sort());
  });

  test('leaves out data for which a response has no room, and says so', async () => {
    const { app, admin } = all;
    const large = JSON.stringify('x'.repeat(30_000));
    const handles: string[] = [];
    for (let n = 0; n < 4; n += 1) handles.push((await signIn(app, undefined, large)).handle);
    const { results } = await admin.last('getSessions', { handles, includeData: true });
    expect(statusesOf(results)).toEqual(['FOUND', 'FOUND', 'DATA_OMITTED', 'DATA_OMITTED']);
    expect(sessionsOf(results).map((session) => session!.data.size)).toEqual([1, 1, 0, 0]);
  });

  test('ends the sessions of a subject', async () => {
    const { app } = all;
    const [eve, bob] = [await signIn(app, 'eve'), await signIn(app, 'bob')];
    expect(await revoked({ subject: 'eve', dryRun: true })).toBe(1);
    expect(await isAlive(app, eve)).toBe(true);
    expect(await revoked({ subject: 'eve' })).toBe(1);
    expect([await isAlive(app, eve), await isAlive(app, bob)]).toEqual([false, true]);
    expect(await revoked({ subject: 'eve' })).toBe(0);
  });

  test('ends sessions by their key, and says of how many it does not know it', async () => {
    const { app, admin, sidecar } = all;
    const session = await signIn(app);
    const { results } = await admin.last('getSessions', { handles: [session.handle] });
    const { signingKey } = sessionsOf(results)[0]!;
    expect(await revoked({ signingKey: 'unknown_' })).toBe(0);
    const { count } = await admin.last('countSessions');
    expect(await revoked({ signingKey: signingKey!, dryRun: true })).toBe(count);
    const before = (await metricsOf(sidecar)).value('session_sidecar_sessions_revoked_total', {
      selection: 'signing_key',
    });
    expect(await revoked({ signingKey: signingKey! })).toBe(count);
    expect(await isAlive(app, session)).toBe(false);
    const after = (await metricsOf(sidecar)).value('session_sidecar_sessions_revoked_total', {
      selection: 'signing_key',
    });
    expect(after! - before!).toBe(count);
  });

  test('ends sessions by their age', async () => {
    const { app } = all;
    const session = await signIn(app);
    const [past, future] = [new Date(Date.now() - 3_600_000), new Date(Date.now() + 3_600_000)];
    expect(await revoked({ createdBefore: past })).toBe(0);
    expect(await revoked({ notAccessedSince: past })).toBe(0);
    expect(await revoked({ createdBefore: future, notAccessedSince: past })).toBe(0);
    expect(await isAlive(app, session)).toBe(true);
    expect(await revoked({ createdBefore: future, notAccessedSince: future })).toBeGreaterThan(0);
    expect(await isAlive(app, session)).toBe(false);
    const { value } = await metricsOf(all.sidecar);
    expect(value('session_sidecar_admin_calls_total', { method: 'RevokeSessions', status: 'OK' })).toBeGreaterThan(0);
  });

  test('is not harmed by a record that cannot be read', async () => {
    if (redis === undefined) return;
    const { app, admin } = all;
    const [damaged, whole] = [await signIn(app), await signIn(app)];
    await redis.admin.set(`session:${damaged.handle}`, 'no record');
    const { results } = await admin.last('getSessions', { handles: [damaged.handle, whole.handle] });
    expect(statusesOf(results)).toEqual(['UNREADABLE', 'FOUND']);
    const future = new Date(Date.now() + 3_600_000);
    const last = await admin.last('revokeSessions', { createdBefore: future });
    expect(last).toMatchObject({ revokedCount: 1, unreadableCount: 1, examinedCount: 2 });
    await redis.admin.del(`session:${damaged.handle}`);
  });

  test('names the wrong fields of a request', async () => {
    const { admin } = all;
    const handles = Array.from({ length: 1001 }, () => 'A'.repeat(22));
    const failures: readonly [() => Promise<unknown>, string[]][] = [
      [() => admin.call('getSessions', {}), ['']],
      [() => admin.call('getSessions', { handles: ['no handle'], subject: 'a' }), ['handles[0]', '']],
      [() => admin.call('getSessions', { handles }), ['handles']],
      [() => admin.call('getSessions', { tokens: handles }), ['tokens']],
      [
        () => admin.call('getSessions', { subject: 'a\nb', pageSize: -1, pageToken: '!' }),
        ['subject', 'page_size', 'page_token'],
      ],
      [() => admin.call('getSessions', { tokens: ['a'], pageSize: 1 }), ['page_size']],
      [() => admin.call('revokeSessions', {}), ['']],
      [() => admin.call('revokeSessions', { subject: 'a', createdBefore: new Date() }), ['subject']],
      [() => admin.call('revokeSessions', { subject: 'a', includeUnknownKeys: true }), ['include_unknown_keys']],
      [() => admin.call('revokeSessions', { signingKey: 'short' }), ['signing_key']],
      [() => admin.call('revokeSessions', { createdBefore: new Date(-1) }), ['created_before']],
      [() => admin.send('revokeSessions', Buffer.from([0xff, 0xff])), ['']],
    ];
    for (const [call, fields] of failures) {
      const { reason, status, violations } = await failureOf(call());
      expect({ reason, status, fields: Object.keys(violations) }).toEqual({
        ...{ reason: 'INVALID_ARGUMENT', status: 'INVALID_ARGUMENT', fields },
      });
    }
  });

  test('needs a token of its own', async () => {
    const { sidecar } = all;
    const refused = async (): Promise<number> =>
      (await metricsOf(sidecar)).value('session_sidecar_refusals_total', { limit: 'admin_token' })!;
    const before = await refused();
    for (const token of [undefined, `${adminToken}x`, 'not-the-token-of-operators']) {
      const stranger = connectAdmin(sidecar.adminAddress, token);
      expect(await failureOf(stranger.call('revokeSessions', { subject: 'bob' }))).toMatchObject({
        ...{ status: 'UNAUTHENTICATED', reason: 'API_TOKEN_INVALID' },
      });
      stranger.close();
    }
    expect((await refused()) - before).toBe(3);
  });

  test('is not served to applications', async () => {
    const { sidecar } = all;
    const asApplication = connectAdmin(sidecar.address, adminToken);
    expect((await failureOf(asApplication.call('estimateSessions'))).status).toBe('UNIMPLEMENTED');
    asApplication.close();
    const asOperator = connectAdmin(sidecar.adminAddress, adminToken);
    await asOperator.call('estimateSessions');
    asOperator.close();
  });
});
