import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { mountSecret } from '../support/mounted-secret';
import type { MountedSecret } from '../support/mounted-secret';
import { until } from '../support/poll';
import { metricsOf, signingKey } from '../support/process';
import type { ServingProcess } from '../support/process';
import { connectRaw, failureOf, mutation } from '../support/raw-grpc';
import type { RawClient } from '../support/raw-grpc';
import { stackForAllTests } from '../support/stack';

/* The tests run side by side: the sidecar looks at its files once a second, so each of them mostly waits. */
const stack = stackForAllTests();

function secret(files: Readonly<Record<string, string>>): MountedSecret {
  const mounted = mountSecret(files);
  stack.defer(() => mounted.remove());
  return mounted;
}

async function serving(settings: Readonly<Record<string, string>>): Promise<[ServingProcess, RawClient]> {
  const sidecar = await stack.process({ settings });
  return [sidecar, stack.use(connectRaw(sidecar.address))];
}

describe('a data schema in a file that changes', () => {
  test.concurrent('holds from then on; one that is not valid does not', async () => {
    const files = secret({ schema: '{}' });
    const [sidecar, client] = await serving({ DATA_SCHEMA_FILE: files.path('schema') });
    const create = () => client.call('createSession', { mutations: [mutation.set('a', '"text"')] });
    const { token } = await create();
    files.update({ schema: '{ "properties": { "a": { "type": "integer" } } }' });
    const failure = await until('the schema to hold', () =>
      create().then(
        () => undefined,
        (error: unknown) => failureOf(Promise.reject(error as Error)),
      ),
    );
    expect(failure).toMatchObject({ reason: 'SCHEMA_VIOLATION', violations: { '/a': 'Must be integer.' } });
    await client.call('updateSession', { token, mutations: [mutation.set('b', '1')] });

    files.update({ schema: '{ "type": "objekt" }' });
    const line = await until('the log line', () => sidecar.log().find(({ level }) => level === 'error'));
    expect(line).toMatchObject({
      settings: ['SESSION_SIDECAR_DATA_SCHEMA_FILE'],
      problem: expect.stringMatching(
        /^SESSION_SIDECAR_DATA_SCHEMA_FILE: Expected the path of a file with a JSON Schema/,
      ),
    });
    expect(await failureOf(create())).toMatchObject({ reason: 'SCHEMA_VIOLATION' });
    const metrics = await metricsOf(sidecar);
    const setting = 'SESSION_SIDECAR_DATA_SCHEMA_FILE';
    expect(
      ['applied', 'rejected'].map((result) => metrics.value('session_sidecar_file_reloads_total', { setting, result })),
    ).toEqual([1, 1]);
  });
});

describe('encryption keys in a file that changes', () => {
  test.concurrent('encrypt and decrypt from then on, and one that is removed is missed by name', async () => {
    const [old, fresh] = [1, 2].map(() => randomBytes(32).toString('base64')) as [string, string];
    const redis = await stack.redis();
    const keys = secret({ keys: `none\n${old}` });
    const [sidecar, client] = await serving({
      ...{ REDIS_URL: redis.url, SIGNING_KEYS: signingKey },
      ENCRYPTION_KEYS_FILE: keys.path('keys'),
    });
    const create = async () => {
      const { token, session } = await client.call('createSession', { mutations: [mutation.set('a', '"MARKvalue"')] });
      const record = (await redis.admin.get(`session:${session!.handle}`)) ?? '';
      return { token, handle: session!.handle, record };
    };
    const started = await create();
    expect(started.record).toContain('MARKvalue');
    const encryptedWith = async (text: string) => {
      keys.update({ keys: text });
      const applied = sidecar.log().filter(({ msg }) => msg === 'changed files applied').length;
      await until(
        'the file to be read',
        () => sidecar.log().filter(({ msg }) => msg === 'changed files applied').length > applied,
      );
      return create();
    };
    const first = await encryptedWith(old);
    const second = await encryptedWith(`${fresh}\n${old}`);
    for (const { record } of [first, second]) expect(record).not.toContain('MARK');
    for (const { token } of [started, first, second]) await client.call('getSession', { token });
    const counts = async () => {
      const metrics = await metricsOf(sidecar);
      return ['current', 'old', 'none', 'failed'].map((encryption) =>
        metrics.value('session_sidecar_records_read_total', { encryption }),
      );
    };
    expect(await counts()).toEqual([1, 1, 1, 0]);

    const { token } = await encryptedWith(fresh);
    await client.call('getSession', { token });
    const failure = await failureOf(client.call('getSession', { token: first.token }));
    expect(failure).toMatchObject({ reason: 'INTERNAL' });
    expect((await counts())[3]).toBeGreaterThan(0);
    const errorId = failure.metadata['error_id'];
    const line = await until('the log line', () => sidecar.log().find((one) => one['errorId'] === errorId));
    expect(line['err']).toMatchObject({
      message: `The stored record of session ${first.handle} cannot be read (unknown_key). It is encrypted with a key that SESSION_SIDECAR_ENCRYPTION_KEYS does not have.`,
    });
    for (const text of [old, fresh, 'MARK']) expect(sidecar.output().stdout).not.toContain(text);
  });
});
