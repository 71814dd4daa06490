import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { AdminServiceDefinition } from '@session-sidecar/proto/session/admin/v1/admin_service';
import { ErrorReason } from '@session-sidecar/proto/session/v1/error_reason';
import { version } from '../../server/package.json';
import { metricsOf, signingKey, untilReady } from '../support/process';
import type { ServingProcess } from '../support/process';
import { connectRaw, failureOf, methods as unaryMethods, mutation } from '../support/raw-grpc';
import type { RawClient } from '../support/raw-grpc';
import type { RedisServer } from '../support/redis';
import { stackForAllTests } from '../support/stack';

const stack = stackForAllTests();

let redis: RedisServer;
let settings: Readonly<Record<string, string>>;
let sidecar: ServingProcess;
let client: RawClient;

// One for all: what is counted is compared with what was counted before.
beforeAll(async () => {
  redis = await stack.redis();
  const keys = join(redis.directory, 'signing-keys');
  writeFileSync(keys, signingKey);
  settings = { SIGNING_KEYS_FILE: keys, REDIS_URL: redis.url, REDIS_COMMAND_TIMEOUT: '1m', MAX_FLASH_MESSAGES: '1' };
  sidecar = await stack.process({ settings });
  client = stack.use(connectRaw(sidecar.address));
  await untilReady(sidecar);
});

afterEach(async () => {
  await redis.admin.flushall();
});

async function create(): Promise<string> {
  const { token } = await client.call('createSession', { mutations: [mutation.set('a', '1')] });
  return token;
}

interface DocumentedMetric {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly help: string;
}

function documented(): DocumentedMetric[] {
  const page = readFileSync(join(__dirname, '../../docs/reference/metrics.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) \| (.*) \|$/gm)];
  return rows.map(([, name = '', type = '', labels = '', help = '']) => ({
    name,
    type,
    labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label),
    help,
  }));
}

/** Calls of every kind, with answers of every kind. */
async function workload(): Promise<void> {
  const token = await create();
  await client.call('getSession', { token });
  await client.call('updateSession', { token, mutations: [mutation.set('a', '2')] });
  await failureOf(client.call('updateSession', { token, ifVersion: 7 }));
  await client.call('pushFlash', { token, message: Buffer.from('1') });
  await failureOf(client.call('pushFlash', { token, message: Buffer.from('1') }));
  await client.call('peekFlash', { token });
  await client.call('popFlash', { token });
  await client.call('getCsrfToken', { token });
  await client.call('newCsrfToken', { token });
  await client.call('checkCsrfToken', { token });
  const lease = { token, duration: { seconds: 60, nanos: 0 }, holder: 'one' };
  const { fence } = await client.call('acquireLease', lease);
  await client.call('releaseLease', { token, fence });
  await client.call('listSubjectSessions', { subject: 'ada' });
  await client.call('invalidateSubjectSessions', { subject: 'ada' });
  await failureOf(client.call('getSession', { token: 'nonsense' }));
  await failureOf(client.call('updateSession', { token, mutations: [mutation.set('', '')] }));
  await failureOf(client.send('GetSession', Buffer.from('nonsense')));
  await redis.admin.config('SET', 'maxmemory', '1');
  await failureOf(create());
  await redis.admin.config('SET', 'maxmemory', '0');
  const regenerated = await client.call('regenerateSession', { token });
  await failureOf(client.call('getSession', { token }));
  const [stored = ''] = await redis.admin.keys('*');
  await redis.admin.set(stored, 'damaged');
  await failureOf(client.call('getSession', { token: regenerated.token }));
  await redis.admin.del(stored);
  await client.call('invalidateSession', { token: regenerated.token });
}

describe('docs/reference/metrics.md', () => {
  test('lists the metrics that are served, and no others, with their types and meanings', async () => {
    const { families } = await metricsOf(sidecar);
    const served = [...families].map(([name, { type, help }]) => ({ name, type, help }));
    const inDocs = documented().map(({ name, type, help }) => ({ name, type, help }));
    const byName = (a: { name: string }, b: { name: string }): number => a.name.localeCompare(b.name);
    expect(served.sort(byName)).toEqual(inDocs.sort(byName));
  });

  test('lists the labels that they have after some work, each with a value from a closed set', async () => {
    await workload();
    const { samples } = await metricsOf(sidecar);
    const own = documented().filter(({ name }) => name.startsWith('session_sidecar_'));
    const allowed: Readonly<Record<string, readonly string[]>> = {
      method: [...Object.values(unaryMethods), ...Object.values(AdminServiceDefinition.methods)].map(
        ({ name }) => name,
      ),
      status: Object.values(status).filter((name) => typeof name === 'string'),
      command: ['create', 'load', 'update', 'acquire', 'release', 'delete', 'list_subject', 'delete_subject'],
      reason: Object.keys(ErrorReason),
      encryption: ['current', 'old', 'none', 'failed'],
      result: [
        'found',
        'not_found',
        'token_malformed',
        'token_bad_signature',
        'token_unknown_key',
        'done',
        'skipped',
        'hit',
        'miss',
        'applied',
        'rejected',
        'validated',
        'missed',
        'acquired',
        'held',
        'refused',
        'ended',
        'released',
        'lost',
        'refused',
        'ended',
      ],
      type: ['created', 'regenerated', 'invalidated', 'expired', 'revoked', 'replaced_token_used'],
      selection: ['subject', 'age', 'signing_key'],
      limit: [
        'admin_calls',
        'admin_token',
        'api_token',
        'calls_in_flight',
        'compression',
        'connections',
        'frame',
        'handshake',
        'health_watches',
        'keepalive',
        'mutations',
        'paused',
        'pipelines',
        'reply_buffer',
        'request_buffer',
        'request_time',
        'streams',
        'watchers',
        // Of the HTTP port.
        'head',
        'body',
        'time',
      ],
      setting: ['SESSION_SIDECAR_SIGNING_KEYS_FILE'],
      version: [version],
      // One for each build; empty if it is not known.
      commit: samples.flatMap(({ labels }) => /^(?:[0-9a-f]{12}(?:-dirty)?)?$/.exec(labels['commit'] ?? '')?.[0] ?? []),
      store: ['redis'],
    };
    for (const { name, type, labels } of own) {
      const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
      for (const suffix of suffixes) {
        const found = samples.filter((sample) => sample.name === name + suffix);
        expect({ name: name + suffix, isServed: found.length > 0 }).toEqual({ name: name + suffix, isServed: true });
        const expected = suffix === '_bucket' ? [...labels, 'le'] : labels;
        for (const sample of found) {
          expect({ name, labels: Object.keys(sample.labels).sort() }).toEqual({ name, labels: [...expected].sort() });
          for (const label of labels) expect(allowed[label]).toContain(sample.labels[label]);
        }
      }
    }
    const methods = samples
      .filter(({ name }) => name === 'session_sidecar_rpcs_total' || name === 'session_sidecar_admin_calls_total')
      .map(({ labels }) => labels['method']);
    expect([...new Set(methods)].sort()).toEqual([...(allowed['method'] ?? [])].sort());
  });
});
