import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ImportFixture } from './fixture';

/* `session-sidecar import`: what becomes of sessions in general. Formats have tests of their own. */

const fixture = new ImportFixture();
const json = ['json', '--prefix', 's:'];
const store = (id: string, data: object, seconds = 3600) =>
  fixture.old.set(`s:${id}`, JSON.stringify(data), 'EX', seconds);

/** Ids and values must be in no output. */
const secret = 'unguessable-1';

describe('import', () => {
  test('stores each session under its id, for the time that its key still has, and leaves the source as it is', async () => {
    await store(secret, { user: { id: 7 }, cart: ['tea'] }, 500);
    const before = await fixture.old.dump(`s:${secret}`);
    const result = await fixture.import(json);
    expect(result).toMatchObject({ keys: 1, imported: 1, failed: 0, complete: true, dryRun: false });
    expect(await fixture.found(secret)).toEqual({ user: { id: 7 }, cart: ['tea'] });
    expect(await fixture.idleTimeoutOf(secret)).toBeGreaterThan(400_000);
    expect(await fixture.idleTimeoutOf(secret)).toBeLessThanOrEqual(500_000);
    expect(await fixture.old.dump(`s:${secret}`)).toEqual(before);
    expect(await fixture.old.ttl(`s:${secret}`)).toBeGreaterThan(0);
  });

  test('keeps values as they are written, with all digits of their numbers', async () => {
    await fixture.old.set('s:a', '{"id": 12345678901234567890 ,"text":"\\u00e9\\"}" , "nested":{"a":[1, 2.50]}}');
    await fixture.import([...json, '--subject', '/id']);
    const [handle] = await fixture.handlesOf('12345678901234567890');
    const record = await fixture.redis.admin.get(`session:${handle}`);
    expect(record).toContain(' id 12345678901234567890\n');
    expect(record).toContain(' nested {"a":[1, 2.50]}\n');
    expect(await fixture.found('a')).toMatchObject({ text: 'é"}' });
  });

  test('imports more sessions than one step has, and nothing else', async () => {
    const pipeline = fixture.old.pipeline();
    for (let at = 0; at < 1200; at += 1) pipeline.set(`s:${at}`, `{"n":${at}}`, 'EX', 3600);
    pipeline.set('other:1', '{}');
    await pipeline.exec();
    expect(await fixture.import(json)).toMatchObject({ keys: 1200, imported: 1200 });
    expect(await fixture.count()).toBe(1200);
    expect(await fixture.found('1199')).toEqual({ n: 1199 });
  });

  test('a dry run says the same, and stores nothing', async () => {
    await store('a', { n: 1 });
    await fixture.import(json);
    await store('b', { n: 2 });
    await fixture.old.set('s:c', 'no json');
    const accessed = await fixture.redis.admin.keys('session:*');
    const result = await fixture.import([...json, '--dry-run']);
    expect(result).toMatchObject({ dryRun: true, imported: 1, alreadyThere: 1, failed: 1, bytes: 2 });
    expect((await fixture.redis.admin.keys('session:*')).sort()).toEqual(accessed.sort());
  });

  test('takes the subject out of the data, so that the session is listed', async () => {
    await store('a', { passport: { user: 'user-7' } });
    await store('b', { passport: { user: { no: 'text' } } });
    await store('c', {});
    const result = await fixture.import([...json, '--subject', '/passport/user']);
    expect(result).toMatchObject({ imported: 3, withoutSubject: 2 });
    expect(await fixture.handlesOf('user-7')).toHaveLength(1);
  });

  test('counts what it cannot import by reason, names it by its handle only, and exits with 1', async () => {
    await store(secret, { big: 'x'.repeat(3000) });
    await fixture.old.set(`s:${secret}-2`, JSON.stringify({ big: 'y'.repeat(20_000) }));
    await fixture.old.set(`s:${secret}-3`, '{"cut');
    await fixture.old.set(`s:${secret}-4`, Buffer.from([0x80, 0x04, 0x4e, 0x2e]));
    await fixture.old.set(`s:${secret}-5`, '["no object"]');
    await fixture.old.hset(`s:${secret}-6`, 'a', 1);
    await fixture.old.set(`s:${'i'.repeat(300)}`, '{}');
    await store(`${secret}-7`, { '': 1 });
    await store(`${secret}-8`, { a: 1, b: 2, c: 3 });
    await store('good', { a: 1 });
    const limits = { MAX_SESSION_SIZE: '2KiB', MAX_KEYS: '2' };
    const { code, stdout, stderr } = await fixture.run([...json, '--json'], limits);
    const { failures, ...rest } = JSON.parse(stdout) as Awaited<ReturnType<typeof fixture.import>>;
    const counts = Object.fromEntries(Object.entries(failures).map(([reason, { count }]) => [reason, count]));
    expect(counts).toEqual({
      ...{ too_large: 1, too_long: 1, not_json: 1, pickle: 1, other_format: 1, not_a_string: 1 },
      ...{ invalid_id: 1, invalid_name: 1, too_many_keys: 1 },
    });
    expect({ code, stderr, ...rest }).toMatchObject({ code: 1, stderr: '', imported: 1, failed: 9, complete: true });
    const table = await fixture.run([...json, '--again'], limits);
    for (const reason of Object.keys(counts)) expect(table.stdout).toContain(reason);
    expect(table.stdout).toContain('SESSION_SIDECAR_MAX_SESSION_SIZE');
    const [handle = ''] = failures.too_large!.handles;
    expect(table.stdout).toContain(handle);
    for (const text of [stdout, table.stdout, table.stderr]) expect(text).not.toMatch(/unguess|xxx|iii/);
    await store(secret, { small: 1 });
    await fixture.import([...json, '--again']);
    expect((await fixture.client.openById(secret)).handle).toBe(handle);
  });

  test('counts what the deployment’s schema and limit of sessions refuse', async () => {
    await store('a', { user: 'ada', count: 1 });
    await store('b', { user: 'ada', count: 2 });
    await store('c', { user: 'bob', count: 'three' });
    const schema = join(fixture.stack.directory(), 'schema.json');
    writeFileSync(schema, '{"properties":{"count":{"type":"number"}}}');
    const limits = { MAX_SESSIONS_PER_SUBJECT: '1', SUBJECT_LIMIT_ACTION: 'refuse', DATA_SCHEMA_FILE: schema };
    const { code, stdout } = await fixture.run([...json, '--subject', '/user', '--json'], limits);
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({
      ...{ code: 1, imported: 1, failed: 2 },
      failures: { against_schema: { count: 1 }, too_many_sessions: { count: 1 } },
    });
  });

  test('uses the settings of the sidecar where a record says nothing', async () => {
    await fixture.old.set('s:a', '{}');
    await fixture.import(json, { IDLE_TIMEOUT: '2h' });
    expect(await fixture.idleTimeoutOf('a')).toBe(2 * 3_600_000);
    await fixture.old.set('s:b', '{}');
    await fixture.import([...json, '--ttl', '3h', '--again']);
    expect(await fixture.idleTimeoutOf('b')).toBe(3 * 3_600_000);
  });

  test('without a source, reads the Redis of the sidecar, and leaves out what is the sidecar’s', async () => {
    const own = fixture.client.create();
    own.set('n', 1);
    await own.save();
    await fixture.redis.admin.set('s-1', '{"n":2}');
    const { stdout } = await fixture.run([
      'json',
      '--prefix',
      's',
      '--id',
      'key',
      '--json',
      '--source',
      fixture.redis.url,
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ keys: 1, imported: 1, failed: 0 });
    expect(await fixture.found('s-1')).toEqual({ n: 2 });
  });
});
