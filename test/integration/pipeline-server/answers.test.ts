import { describe, expect, test } from '@jest/globals';
import { until } from '../../support/poll';
import { encodeRequest, failureOf, methods, mutation } from '../../support/raw-grpc';
import type { MethodName, RequestOf } from '../../support/raw-grpc';
import { callOf } from '../../support/raw-pipeline';
import { countRpcs } from '../../support/sidecar';
import { pipelineServers } from './fixture';

const { start } = pipelineServers();

const names = Object.keys(methods) as MethodName[];

describe('an RPC over the pipeline', () => {
  const requestOf = (token: string) =>
    ({
      token,
      subject: 'ada',
      exceptToken: token,
      currentToken: token,
      queue: 'q',
      message: Buffer.from('1'),
      csrfToken: 'x',
      mutations: [mutation.set('a', '1')],
    }) as Partial<RequestOf<MethodName>>;
  /** What differs from session to session, and from moment to moment, becomes its kind. */
  const masked = (message: unknown): unknown =>
    JSON.parse(
      JSON.stringify(message, (key, value: unknown) => {
        if (['token', 'handle', 'csrfToken', 'created', 'accessed', 'expires'].includes(key)) return typeof value;
        return value instanceof Map ? [...(value as Map<string, unknown>)] : value;
      }),
    );

  test.each(names)('%s is answered as it is by itself', async (method) => {
    const { raw, open, newToken } = await start();
    const [one, other] = [await newToken(), await newToken()];
    const pipeline = open();
    pipeline.send({ calls: [callOf(1, method, requestOf(one))] });
    const bytes = await pipeline.reply(1);
    const twin = await raw.call(method, requestOf(other));
    expect(masked(methods[method].responseType.decode(bytes))).toEqual(masked(twin));
  });

  test.each(['getSession', 'peekFlash', 'getCsrfToken', 'checkCsrfToken'] as const)(
    '%s is answered with the very bytes it is answered with by itself',
    async (method) => {
      const { raw, open, newToken } = await start();
      const token = await newToken();
      const pipeline = open();
      pipeline.send({ calls: [callOf<MethodName>(1, method, requestOf(token))] });
      const twin = await raw.send(methods[method].name, encodeRequest<MethodName>(method, requestOf(token)));
      expect(await pipeline.reply(1)).toEqual(twin);
    },
  );

  const refused: readonly [string, (dead: string) => Partial<RequestOf<MethodName>>][] = [
    ['a request that is not allowed', () => ({ mutations: [mutation.set('', '')] })],
    ['a token that is not genuine', (dead) => requestOf(`${dead.slice(0, -3)}AAA`)],
    ['the token of a session that has ended', requestOf],
  ];
  const failing = names.flatMap((method) => refused.map(([what, request]) => ({ method, what, request })));
  const succeeding = new Set([
    'createSession with a token that is not genuine',
    'createSession with the token of a session that has ended',
    'invalidateSession with the token of a session that has ended',
    'listSubjectSessions with the token of a session that has ended',
    'invalidateSubjectSessions with the token of a session that has ended',
  ]);

  test.each(failing.filter(({ method, what }) => !succeeding.has(`${method} with ${what}`)))(
    '$method with $what fails as it does by itself, details and all',
    async ({ method, request }) => {
      const { raw, open, newToken } = await start();
      const dead = await newToken();
      await raw.call('invalidateSession', { token: dead });
      const pipeline = open();
      pipeline.send({ calls: [callOf(1, method, request(dead))] });
      const twin = await failureOf(raw.send(methods[method].name, encodeRequest(method, request(dead))));
      const failure = await failureOf(pipeline.reply(1));
      expect({ ...failure, message: failure.message }).toEqual({ ...twin, message: twin.message });
      expect(failure.reason).toBeDefined();
    },
  );

  test('is counted under its own name', async () => {
    const { sidecar, open, newToken } = await start();
    const token = await newToken();
    const pipeline = open();
    pipeline.send({ calls: [callOf(1, 'getSession', { token }), callOf(2, 'getSession', { token: '' })] });
    await Promise.all([pipeline.reply(1), failureOf(pipeline.reply(2))]);
    expect(await countRpcs(sidecar)).toMatchObject({ GetSession: 2 });
  });
});

describe('one bad call', () => {
  test('of an unknown method is answered UNIMPLEMENTED, and the others are unaffected', async () => {
    const { open, newToken } = await start();
    const token = await newToken();
    const pipeline = open();
    pipeline.send({
      calls: [
        callOf(1, 'getCsrfToken', { token }),
        { id: 2, method: 'Pipeline' },
        callOf(3, 'getCsrfToken', { token }),
      ],
    });
    expect(await failureOf(pipeline.reply(2))).toMatchObject({ status: 'UNIMPLEMENTED' });
    expect(await pipeline.reply(1)).toEqual(await pipeline.reply(3));
  });

  test('whose request cannot be decoded is answered INVALID_ARGUMENT, and the others are unaffected', async () => {
    const { raw, open, newToken } = await start();
    const token = await newToken();
    const pipeline = open();
    const garbage = Buffer.from([0xff, 0xff]);
    pipeline.send({
      calls: [callOf(1, 'getCsrfToken', { token }), { id: 2, method: 'GetSession', request: garbage }],
    });
    const failure = await failureOf(pipeline.reply(2));
    expect(failure).toMatchObject({ status: 'INVALID_ARGUMENT', reason: 'INVALID_ARGUMENT' });
    const twin = await failureOf(raw.send('GetSession', garbage));
    expect({ ...failure, message: failure.message }).toEqual({ ...twin, message: twin.message });
    await pipeline.reply(1);
    pipeline.send({ calls: [callOf(2, 'getCsrfToken', { token })] });
    expect(await until('the second reply', () => pipeline.replies[2])).toMatchObject({ id: 2 });
  });
});
