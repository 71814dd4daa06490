import { createHash } from 'node:crypto';
import { beforeAll, expect, test } from '@jest/globals';
import { connect } from '../../support/client';
import { until } from '../../support/poll';
import { metricsOf } from '../../support/process';
import { failureOf, mutation } from '../../support/raw-grpc';
import type { RedisServer } from '../../support/redis';
import { makeRedisStore, generousLimits, redisConnectionOptions, twentyMinutes } from '../../support/store-harness';
import { stackForAllTests } from '../../support/stack';
import { Watching } from '../../support/watching';
import { newSession } from '../../contract/session-store/fixture';
import { isAlive, signIn, startAdministered } from './fixture';
import type { Administered } from './fixture';

/* What a revocation means to other sidecars, to those who watch, and to those who come late. */

const stack = stackForAllTests();
const anHourFromNow = new Date(Date.now() + 3_600_000);

let redis: RedisServer;
/** With a near cache, and with clients that have a cache. */
let serving: Administered;
let operated: Administered;

beforeAll(async () => {
  redis = await stack.redis();
  const settings = { RECORD_SIGNING_KEY: 'on', AUDIT_LOG: 'on' };
  serving = await startAdministered(stack, { redis, settings: { ...settings, NEAR_CACHE: '8MiB' } });
  operated = await startAdministered(stack, { redis, settings, logLevel: 'info' });
});

test('no cache serves a session that was revoked elsewhere', async () => {
  const { app, sidecar } = serving;
  const caching = stack.use(connect(sidecar, { cache: { maxBytes: 1_000_000 } }));
  const session = await signIn(app);
  const hits = async (): Promise<number> =>
    (await metricsOf(sidecar)).value('session_sidecar_near_cache_reads_total', { result: 'hit' })!;
  const before = await hits();
  await until('the caches to serve it', async () => {
    await isAlive(app, session);
    await caching.open(session.token);
    return (await hits()) > before && (caching.cacheStats?.live ?? 0) > 0;
  });
  await operated.admin.last('revokeSessions', { createdBefore: anHourFromNow });
  await until('the near cache to know', async () => !(await isAlive(app, session)));
  await until('the client to know', async () => (await caching.open(session.token)).isNew);
});

test('a change that comes late does not bring a session back', async () => {
  const { app } = serving;
  const session = await signIn(app);
  await operated.admin.last('revokeSessions', { createdBefore: anHourFromNow });
  const update = app.call('updateSession', { token: session.token, mutations: [mutation.set('a', '1')] });
  expect((await failureOf(update)).reason).toBe('SESSION_NOT_FOUND');
  expect(await redis.admin.exists(`session:${session.handle}`)).toBe(0);
});

test('a call that has run into its deadline ends no session any more', async () => {
  const { app, admin } = operated;
  const session = await signIn(app);
  // Simulates a sidecar that died during a login for this subject. A call that ends the subject's sessions waits for such logins.
  const index = `session:subject:${createHash('sha256').update('late').digest('base64url')}`;
  const mark = `p:${session.handle}:a-login`;
  await redis.admin.zadd(index, -(Date.now() + 3_600_000), mark);
  const { status } = await failureOf(admin.last('revokeSessions', { subject: 'late' }, 500));
  expect(['DEADLINE_EXCEEDED', 'UNAVAILABLE']).toContain(status);
  await app.call('updateSession', { token: session.token, subject: 'late' });
  await redis.admin.zrem(index, mark);
  // Much more time than it takes to look again.
  for (let looks = 0; looks < 200; looks += 1) expect(await isAlive(app, session)).toBe(true);
});

test('watchers and the audit log are told why', async () => {
  const watching = await Watching.start(stack, stack.use(connect(serving.sidecar)));
  const { admin } = operated;
  const [byAge, byUse] = [await signIn(serving.app, 'ada'), await signIn(serving.app)];
  await admin.last('revokeSessions', { createdBefore: anHourFromNow });
  const byKey = await signIn(serving.app);
  const { results } = await admin.last('getSessions', { handles: [byKey.handle] });
  await admin.last('revokeSessions', { signingKey: results[0]!.session!.signingKey!, createdBefore: anHourFromNow });
  const bySubject = await signIn(serving.app, 'eve');
  await admin.last('revokeSessions', { subject: 'eve' });
  expect(await watching.event('revoked', byAge.handle)).toMatchObject({ reason: 'age', subject: 'ada', version: 1 });
  expect(await watching.event('revoked', byUse.handle)).toMatchObject({ reason: 'age', subject: undefined });
  expect(await watching.event('revoked', byKey.handle)).toMatchObject({ reason: 'signing_key' });
  expect(await watching.event('revoked', bySubject.handle)).toMatchObject({ reason: 'subject', subject: 'eve' });
  const lines = operated.sidecar
    .log()
    .split('\n')
    .filter((line) => line.includes(byKey.handle));
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([{ event: 'revoked', reason: 'signing_key' }]);
});

test('a scan that may have missed sessions fails, instead of saying that it is done', async () => {
  const options = redisConnectionOptions({ nodes: [{ host: '127.0.0.1', port: redis.port }] });
  const harness = await makeRedisStore(options, [redis])({ expiry: twentyMinutes, limits: generousLimits });
  stack.use(harness);
  await Promise.all(Array.from({ length: 1100 }, () => harness.store.create(newSession())));
  const scan = harness.inventory.scan()[Symbol.asyncIterator]();
  expect((await scan.next()).done).toBe(false);
  await redis.admin.call('CLIENT', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'yes');
  const isBack = () =>
    harness.store.load(newSession()).then(
      () => true,
      () => false,
    );
  await until('the next connection', isBack);
  await expect(scan.next()).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
});
