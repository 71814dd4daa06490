import { describe, expect, test } from '@jest/globals';
import { stackForEachTest } from '../../support/stack';
import { json, run } from './fixture';

const stack = stackForEachTest();

describe('secret new', () => {
  test('prints a key that a sidecar on Redis accepts, another one each time', async () => {
    const redis = await stack.redis();
    const keys = [1, 2].map(() => run(['secret', 'new']).stdout.trimEnd());
    expect(new Set(keys).size).toBe(2);
    for (const key of keys) expect(Buffer.from(key, 'base64')).toHaveLength(32);
    const { serving } = await stack.process({ redis, settings: { SIGNING_KEYS: keys.join(',') } });
    expect(serving).toMatchObject({ store: 'redis' });
  });

  test('prints several, one per line or as JSON', () => {
    expect(run(['secret', 'new', '--count', '3']).stdout.trimEnd().split('\n')).toHaveLength(3);
    const { keys } = json(['secret', 'new', '--count', '2']) as { readonly keys: readonly string[] };
    expect(keys).toEqual([expect.stringMatching(/^[\w+/]{43}=$/), expect.stringMatching(/^[\w+/]{43}=$/)]);
  });

  test('is what the start-up error names', async () => {
    const { exit, output } = stack.launch({ settings: { REDIS_CLUSTER_NODES: '127.0.0.1:1' } });
    expect((await exit).code).toBe(64);
    expect(output().stdout).toContain('Make one with: session-sidecar secret new');
  });
});
