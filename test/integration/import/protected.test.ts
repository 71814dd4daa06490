import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createTokens, randomSigningKey } from '../../../server/src/tokens/token';
import { connect } from '../../support/client';
import { newContentKey } from '../../support/encryption';
import { ImportFixture } from './fixture';

/* `session-sidecar import` into a Redis whose sessions are encrypted, or must match a schema. */

const fixture = new ImportFixture();
const json = ['json', '--prefix', 's:', '--again'];
const store = (id: string, data: object) => fixture.old.set(`s:${id}`, JSON.stringify(data), 'EX', 3600);

const newKey = (): string => newContentKey().toString('base64');

async function records(): Promise<string[]> {
  const keys = await fixture.redis.admin.keys('session:*');
  const handles = keys.filter((key) => /^session:[\w-]{22}$/.test(key));
  return handles.length === 0 ? [] : ((await fixture.redis.admin.mget(handles)) as string[]);
}

/** What a sidecar with these keys has. */
async function foundWith(keys: string, id: string): Promise<Record<string, unknown>> {
  const sidecar = await fixture.stack.sidecar({ redis: fixture.redis, settings: { ENCRYPTION_KEYS: keys } });
  return (await fixture.stack.use(connect(sidecar)).openById(id)).toObject();
}

describe('with encryption', () => {
  test('sessions are encrypted from the start, and read by sidecars with the key, not by others', async () => {
    const key = newKey();
    await store('a', { user: 'MARKvalue', MARKkey: [1] });
    const result = await fixture.import(json, { ENCRYPTION_KEYS: key });
    expect(result).toMatchObject({ imported: 1, failed: 0, complete: true });
    const [record = ''] = await records();
    expect(record).toMatch(/^2 /);
    expect(record).not.toContain('MARK');
    expect(await foundWith(key, 'a')).toEqual({ user: 'MARKvalue', MARKkey: [1] });
    await expect(fixture.found('a')).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  test('an import without the keys of the sidecars, or with an older list, is refused before it stores anything', async () => {
    const [key, older] = [newKey(), newKey()];
    await store('a', { n: 1 });
    await fixture.import(json, { ENCRYPTION_KEYS: `${key},${older}` });
    await store('b', { n: 'MARKvalue' });
    const others: Record<string, string>[] = [{}, { ENCRYPTION_KEYS: older }, { ENCRYPTION_KEYS: `none,${older}` }];
    for (const settings of others) {
      for (const more of [[], ['--dry-run']]) {
        const { code, stdout, stderr } = await fixture.run([...json, ...more], settings);
        expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
        expect(stderr).toBe(
          'error: SESSION_SIDECAR_ENCRYPTION_KEYS: There are sessions under keys that it does not have. Import with the settings of the sidecars.\n',
        );
      }
    }
    expect(await records()).toHaveLength(1);
    expect(await fixture.import(json, { ENCRYPTION_KEYS: key })).toMatchObject({ imported: 1, alreadyThere: 1 });
    expect(await foundWith(key, 'b')).toEqual({ n: 'MARKvalue' });
  });

  test('keys that only decrypt leave sessions in clear, which sidecars that encrypt read', async () => {
    const key = newKey();
    await store('a', { n: 1 });
    await fixture.import(json, { ENCRYPTION_KEYS: key });
    await store('b', { n: 2 });
    await fixture.import(json, { ENCRYPTION_KEYS: `none,${key}` });
    expect((await records()).map((record) => record[0]).sort()).toEqual(['1', '2']);
    expect(await foundWith(key, 'b')).toEqual({ n: 2 });
  });

  test('a user who may not search the Redis of the sidecar can import, unchecked', async () => {
    await fixture.redis.admin.acl('SETUSER', 'importer', 'on', '>pass', '~session:*', '+@all', '-scan');
    fixture.stack.defer(() => fixture.redis.admin.acl('DELUSER', 'importer'));
    await store('a', { n: 1 });
    const settings = { ENCRYPTION_KEYS: newKey(), REDIS_USERNAME: 'importer', REDIS_PASSWORD: 'pass' };
    expect(await fixture.import(json, settings)).toMatchObject({ imported: 1 });
  });
});

test('a session that violates the schema is left out as a whole, and a dry run says so before', async () => {
  await store('a', { user: 'ada', count: 1 });
  await store('b', { user: 'bob', MARKkey: 'MARKvalue', count: 'MARKthree' });
  const schema = join(fixture.stack.directory(), 'schema.json');
  writeFileSync(schema, '{"properties":{"count":{"type":"number"}}}');
  const args = [...json, '--subject', '/user'];
  const settings = { DATA_SCHEMA_FILE: schema };
  const { handle } = createTokens([randomSigningKey()]).derive('b');
  for (const more of [['--dry-run'], []]) {
    const { code, stdout } = await fixture.run([...args, '--json', ...more], settings);
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({
      ...{ code: 1, imported: 1, failed: 1 },
      failures: { against_schema: { count: 1, handles: [handle] } },
    });
  }
  expect(await fixture.found('b')).toBeUndefined();
  expect(await fixture.handlesOf('bob')).toEqual([]);
  expect(await fixture.handlesOf('ada')).toHaveLength(1);
  const { stdout } = await fixture.run(args, settings);
  expect(stdout).toContain('SESSION_SIDECAR_DATA_SCHEMA');
  expect(stdout).not.toContain('MARK');
});
