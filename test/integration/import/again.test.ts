import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { jsonStore } from '../../../server/src/cli/import/formats/json-store';
import { Importer } from '../../../server/src/cli/import/importer';
import { Results } from '../../../server/src/cli/import/results';
import { SourceServer } from '../../../server/src/cli/import/source-server';
import { SessionManager } from '../../../server/src/session/session-manager';
import { MemoryStore } from '../../../server/src/store/memory/memory-store';
import { createTokens, randomSigningKey } from '../../../server/src/tokens/token';
import { ignoreEvents } from '../../support/ignored-events';
import { generousLimits, twentyMinutes } from '../../support/store-harness';
import type { ImportResult } from '../../../server/src/cli/import/report';
import { until } from '../../support/poll';
import { outcomeOfCli, beginCli } from '../../support/run-cli';
import { ImportFixture } from './fixture';

/* Imports that run again, beside the application, or come to an early end. */

const fixture = new ImportFixture();
const json = ['json', '--prefix', 's:'];
const store = (id: string, data: object) => fixture.old.set(`s:${id}`, JSON.stringify(data), 'EX', 3600);

async function storeMany(count: number): Promise<void> {
  const pipeline = fixture.old.pipeline();
  for (let at = 0; at < count; at += 1) pipeline.set(`s:${at}`, `{"n":${at}}`, 'EX', 3600);
  await pipeline.exec();
}

const format = jsonStore({ data: [], id: 'name', expires: undefined, drop: [] });

function parts() {
  const [expiry, limits] = [twentyMinutes, generousLimits];
  const store = new MemoryStore({ expiry, limits, maxBytes: 1 << 20, now: Date.now });
  const tokens = createTokens([randomSigningKey()]);
  return { tokens, manager: new SessionManager({ store, tokens, limits, expiry, events: ignoreEvents }) };
}

describe('another import', () => {
  test('does nothing once all was imported, so that no session that has ended comes back', async () => {
    await store('a', { n: 1 });
    await fixture.import(json);
    await (await fixture.client.openById('a')).invalidate();
    const { code, stdout } = await fixture.run(json);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^These sessions were imported at .*--again/),
    });
    expect(await fixture.found('a')).toBeUndefined();
    expect(await fixture.import([...json, '--again'])).toMatchObject({ imported: 1 });
  });

  test('of other sessions is another import', async () => {
    await store('a', { n: 1 });
    await fixture.old.set('t:b', '{"n":2}');
    await fixture.import(json);
    expect(await fixture.import(['json', '--prefix', 't:'])).toMatchObject({ imported: 1 });
  });

  test('never overwrites what the application has changed since', async () => {
    await store('a', { n: 1 });
    await fixture.import(json);
    const session = await fixture.client.openById('a');
    session.set('n', 2);
    await session.save();
    expect(await fixture.import([...json, '--again'])).toMatchObject({ imported: 0, alreadyThere: 1 });
    expect(await fixture.found('a')).toEqual({ n: 2 });
  });
});

describe('an import that was interrupted', () => {
  const stepIsOver = () =>
    until('a step to be over', async () => (await fixture.redis.admin.keys('session:import:*')).length > 0);

  test('prints what it has done, exits with 130, and goes on where it was', async () => {
    await storeMany(2000);
    const args = ['import', ...json, '--source', fixture.sourceUrl, '--json'];
    const slow = beginCli([...args, '--rate', '400'], { redis: fixture.redis });
    await stepIsOver();
    slow.interrupt();
    const { code, stdout } = await slow.ended;
    const first = JSON.parse(stdout) as ImportResult;
    expect({ code, ...first }).toMatchObject({ code: 130, complete: false });
    expect(first.imported).toBeLessThan(2000);
    const second = await fixture.import(json);
    expect(second.imported + first.imported).toBe(2000);
    // What it had looked at is not looked at again.
    expect(second.keys).toBeLessThan(2000);
    expect(await fixture.count()).toBe(2000);
  });

  test('begins anew after a restart of the source, whose cursors mean something else then', async () => {
    await storeMany(300);
    const slow = beginCli(['import', ...json, '--source', fixture.sourceUrl, '--rate', '20'], { redis: fixture.redis });
    await stepIsOver();
    slow.interrupt();
    await slow.ended;
    const [key = ''] = await fixture.redis.admin.keys('session:import:*');
    const [[runId, position]] = Object.entries(await fixture.redis.admin.hgetall(key)) as [[string, string]];
    expect(await fixture.redis.admin.info('server')).toContain(`run_id:${runId}`);
    await fixture.redis.admin.del(key);
    await fixture.redis.admin.hset(key, runId.replaceAll(/./g, '0'), position);
    expect(await fixture.import(json)).toMatchObject({ keys: 300, complete: true });
  });

  test('keeps its rate, and need not wait for it', async () => {
    await storeMany(25);
    const slow = beginCli(['import', ...json, '--source', fixture.sourceUrl, '--json', '--rate', '1'], fixture);
    await until('sessions to be imported', async () => (await fixture.count()) > 0);
    // Without a rate, the rest would take no longer than this.
    for (let at = 0; at < 300; at += 1) await fixture.redis.admin.ping();
    slow.interrupt();
    const { code, stdout } = await slow.ended;
    expect({ code, ...(JSON.parse(stdout) as ImportResult) }).toMatchObject({ code: 130, complete: false });
  });
});

describe('beside the application', () => {
  test('does not bring back a session that is ended while it is imported', async () => {
    await store('a', { n: 1 });
    await store('b', { n: 2 });
    const server = new SourceServer(fixture.old, {
      prefix: 's:',
      excluded: undefined,
      maxBytes: 1000,
      keysPerStep: 10,
    });
    const { manager, tokens } = parts();
    const results = new Results();
    const importer = new Importer({ manager, tokens, format, subject: undefined, ttlMs: undefined, results });
    /** A visitor signs out when the record was read: `importFrom` removes it from the source, and finds nothing else. */
    const read: SourceServer['read'] = async (keys) => {
      const found = await server.read(keys);
      await fixture.old.del('s:a');
      return found;
    };
    await importer.import({ read, exist: (keys) => server.exist(keys) }, [Buffer.from('s:a'), Buffer.from('s:b')]);
    expect(results.outcomes).toEqual({ imported: 1, ended_meanwhile: 1, already_there: 0, expired: 0 });
    const found = (id: string) => manager.get(tokens.derive(id).token);
    await expect(found('a')).rejects.toThrow('does not exist');
    expect([...(await found('b')).data.keys()]).toEqual(['n']);
  });
});

describe('a failure', () => {
  test('of the source is an error with the exit code 69', async () => {
    const args = ['import', ...json, '--source', 'redis://127.0.0.1:1'];
    const { code, stderr } = await outcomeOfCli(args, fixture);
    expect({ code, stderr }).toEqual({ code: 69, stderr: expect.stringContaining('Redis cannot be reached') });
  });

  test('of the login to the source has the exit code 77', async () => {
    await fixture.redis.admin.acl('SETUSER', 'reader', 'on', '>pass', '~s:*', '+select', '+scan', '+info');
    fixture.stack.defer(() => fixture.redis.admin.acl('DELUSER', 'reader'));
    await store('a', {});
    const settings = join(fixture.stack.directory(), 'source');
    const login = (password: string) =>
      writeFileSync(
        settings,
        [
          `REDIS_URL=${fixture.sourceUrl}`,
          'SESSION_SIDECAR_REDIS_USERNAME=reader',
          `SESSION_SIDECAR_REDIS_PASSWORD=${password}`,
        ].join('\n'),
      );
    const run = () => outcomeOfCli(['import', ...json, '--source-settings', settings], fixture);
    login('wrong');
    expect(await run()).toMatchObject({ code: 77, stderr: expect.stringContaining('WRONGPASS') });
    login('pass');
    expect(await run()).toMatchObject({ code: 77, stderr: expect.stringContaining('ACL LOG') });
    await fixture.redis.admin.acl('SETUSER', 'reader', '+getrange', '+pttl', '+exists');
    expect(await run()).toMatchObject({ code: 0, stderr: '' });
    expect(await fixture.found('a')).toEqual({});
  });

  test.each([
    [['--source', 'redis://x', '--source-settings', 'y'], '--source and --source-settings: Set only one.'],
    [['--source', 'http://x'], '--source: Expected a URL like redis://host:6379/0'],
    [['--source-settings', '/no/such/file'], '--source-settings: The file cannot be read.'],
    [['--subject', 'user'], 'Expected a JSON pointer, like /passport/user, got `user`.'],
    [['--id', 'sid'], '--id: Expected name, key or a JSON pointer like /id.'],
    [['--max-keyz', '5'], '--max-keyz: Unknown flag. Did you mean --max-keys?'],
  ])('of the command line, %s, is explained', async (args, message) => {
    const { code, stderr, stdout } = await outcomeOfCli(['import', ...json, ...args], fixture);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toContain(message);
  });

  test('of the settings of the sidecar, too: its memory is not reached by others', async () => {
    const { code, stderr } = await fixture.run(json, { REDIS_URL: '' });
    expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringContaining('REDIS_URL: Expected the Redis') });
  });
});
