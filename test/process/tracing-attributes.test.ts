import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { rowsOf } from '../docs/markdown';
import { encodeRequest, failureOf, methods, mutation } from '../support/raw-grpc';
import type { MethodName } from '../support/raw-grpc';
import { newTrace, startTraced } from '../support/traced-sidecar';
import type { Traced } from '../support/traced-sidecar';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();

let traced: Traced;

beforeEach(async () => {
  traced = await startTraced(stack);
});

describe('nothing that an application or operator keeps secret', () => {
  test('is in a span', async () => {
    const mark = (what: string) => `MARK${what}${randomBytes(6).toString('hex')}`;
    const words = Object.fromEntries(
      ['key', 'value', 'subject', 'queue', 'message', 'csrf'].map((what) => [what, mark(what)]),
    ) as Record<string, string>;
    await traced.redis.admin.config('SET', 'requirepass', 'MARKredisPassword');
    const { client } = await traced.start({
      settings: { REDIS_URL: traced.redis.url.replace('//', '//:MARKredisPassword@') },
    });
    const created = await client.call('createSession', {
      mutations: [
        mutation.set(words['key']!, JSON.stringify(words['value'])),
        mutation.pushFlash(words['queue']!, JSON.stringify(words['message'])),
      ],
      subject: words['subject']!,
    });
    const { token, session } = created;
    const stored = `session:${session?.handle}`;
    const [, , , , , secretHash = ''] = (await traced.redis.admin.get(stored))?.split(' ') ?? [];
    await client.call('getSession', { token });
    await client.call('popFlash', { token, queue: words['queue']! });
    await client.call('checkCsrfToken', { token, csrfToken: words['csrf']! });
    await failureOf(client.call('updateSession', { token, mutations: [mutation.increment(words['key']!, 1)] }));
    await failureOf(client.call('getSession', { token: `${token}${words['value']}` }));
    await traced.redis.admin.set(stored, `damaged ${words['value']}`);
    await failureOf(client.call('getSession', { token }));
    const regenerated = await failureOf(client.call('regenerateSession', { token }));
    expect(regenerated.reason).toBe('INTERNAL');
    const { traceId, metadata } = newTrace();
    await client.call('invalidateSession', { token }, { metadata }).catch(() => undefined);
    await traced.collector.spansOf(traceId, 2);

    const [id = '', signature = ''] = token.split('.');
    const secrets = [
      ...Object.values(words),
      ...[token, id, signature, session?.handle ?? '', session?.csrfToken ?? '', secretHash, 'MARK', 'session:'],
      Buffer.from(id, 'base64url').subarray(16).toString('base64url'),
    ];
    expect(secrets.filter((secret) => secret.length < 4)).toEqual([]);
    const exported = Buffer.concat(traced.collector.exports.map(({ body }) => body)).toString('latin1');
    expect(exported).toContain('UpdateSession');
    expect(secrets.filter((secret) => exported.includes(secret))).toEqual([]);
  });
});

describe('docs/operate/tracing.md', () => {
  const documented = rowsOf('docs/operate/tracing.md').filter((row) => row['Attribute'] !== undefined);

  test('lists the attributes that spans have, with the spans that have them, and no others', async () => {
    const { client } = await traced.start({ settings: { NEAR_CACHE: '8MiB', REDIS_COMMAND_TIMEOUT: '2s' } });
    const { token } = await client.call('createSession', {});
    const requests = Object.keys(methods) as MethodName[];
    for (const method of requests.filter((name) => name !== 'invalidateSession'))
      await client.send(methods[method].name, encodeRequest(method, { token } as never)).catch(() => undefined);
    traced.redis.freeze();
    const { traceId, metadata } = newTrace();
    const changing = client.call('updateSession', { token, mutations: [mutation.set('a', '1')] }, { metadata });
    await failureOf(changing);
    traced.redis.thaw();
    await traced.collector.spansOf(traceId, 2);
    const used = new Set(
      traced.collector.spans.flatMap(({ kind, attributes }) =>
        Object.keys(attributes).map((name) => `${kind} ${name}`),
      ),
    );
    const listed = documented.flatMap(({ Attribute = '', Span = '' }) =>
      Span.split(', ').map((span) => `${span === 'call' ? 'SERVER' : 'CLIENT'} ${Attribute.replaceAll('`', '')}`),
    );
    expect([...used].sort()).toEqual(listed.sort());
  });
});
