import { beforeAll, describe, expect, test } from '@jest/globals';
import type { RedisServer } from '../support/redis';
import { stackForAllTests } from '../support/stack';
import { sayIfMissing, toolchains } from '../support/toolchains';
import { startGo, startGoUnary } from './go-runner';
import type { Outcome, Runner } from './runner';
import { limits } from './steps';

/*
 * Makes the same calls over both transports of the Go client, to sessions with the same content, and compares every result and
 * failure. The calls bypass the client's retries.
 */
const { go } = toolchains();
sayIfMissing('the transports of the Go client', go);
const testIf = go.missing === undefined ? test : test.skip;

const stack = stackForAllTests();
let redis: RedisServer;
/** Over the pipeline, and over unary calls. */
let runners: readonly Runner[] = [];

beforeAll(async () => {
  redis = await stack.redis();
  const { address } = await stack.sidecar({ redis, env: limits });
  if (go.missing === undefined) runners = [startGo, startGoUnary].map((start) => start(stack, go, address));
});

type Request = Readonly<Record<string, unknown>>;

const text = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');
const set = (key: string, value: unknown) => ({ set: { key, value: text(value) } });
const token = '$token';

/** Ordered: later calls depend on what earlier ones stored. */
const calls: readonly (readonly [what: string, rpc: string, request: Request, outcome: string])[] = [
  ['a read', 'GetSession', { token }, 'result'],
  ['a change', 'UpdateSession', { token, mutations: [set('a', 1), { increment: { key: 'n', by: 2 } }] }, 'result'],
  [
    'a change that is applied in part',
    'UpdateSession',
    { token, mutations: [{ setIfAbsent: { key: 'a', value: text(2) } }] },
    'result',
  ],
  ['a change at a version', 'UpdateSession', { token, mutations: [set('a', 3)], ifVersion: '2' }, 'result'],
  [
    'a change at another version',
    'UpdateSession',
    { token, mutations: [set('a', 4)], ifVersion: '99' },
    'VERSION_MISMATCH',
  ],
  ['nothing to do', 'UpdateSession', { token }, 'result'],
  ['a message', 'PushFlash', { token, queue: 'q', message: text('hello') }, 'result'],
  ['a message for the default queue', 'PushFlash', { token, message: text('hello') }, 'result'],
  ['messages to look at', 'PeekFlash', { token, queue: 'q' }, 'result'],
  ['messages to take', 'PopFlash', { token, queue: 'q' }, 'result'],
  ['a queue without messages', 'PopFlash', { token, queue: 'none' }, 'result'],
  ['a CSRF token', 'GetCsrfToken', { token }, 'result'],
  ['a wrong CSRF token', 'CheckCsrfToken', { token, csrfToken: 'guessed' }, 'result'],
  ['a new CSRF token', 'NewCsrfToken', { token }, 'result'],
  ['a session', 'CreateSession', { mutations: [set('a', 1)], idleTimeout: '60s', subject: 'ada' }, 'result'],
  ['a forged token', 'GetSession', { token: 'guessed' }, 'TOKEN_INVALID'],
  ['a token that is damaged', 'UpdateSession', { token: `${token}x`, mutations: [set('a', 1)] }, 'TOKEN_INVALID'],
  ['no token', 'GetSession', {}, 'TOKEN_INVALID'],
  [
    'several fields that are wrong',
    'UpdateSession',
    { token, mutations: [set('', 1), { set: { key: 'b', value: '' } }], subject: '\u0000' },
    'INVALID_ARGUMENT',
  ],
  [
    'an increment of a value that is not a number',
    'UpdateSession',
    { token, mutations: [set('t', 'x'), { increment: { key: 't', by: 1 } }] },
    'INVALID_ARGUMENT',
  ],
  [
    'too many keys',
    'UpdateSession',
    { token, mutations: ['b', 'c', 'd', 'e', 'f', 'g'].map((key) => set(key, 1)) },
    'TOO_MANY_KEYS',
  ],
  ['too large a value', 'UpdateSession', { token, mutations: [set('b', 'x'.repeat(5000))] }, 'SESSION_TOO_LARGE'],
  [
    'a request of more than 4 MiB',
    'UpdateSession',
    { token, mutations: [set('b', 'x'.repeat(5 * 1024 * 1024))] },
    '"grpc":8',
  ],
  [
    'too many mutations',
    'UpdateSession',
    { token, mutations: Array.from({ length: 1001 }, () => set('b', 1)) },
    'REQUEST_TOO_LARGE',
  ],
  ['no idle timeout that is false', 'CreateSession', { noIdleTimeout: false }, 'INVALID_ARGUMENT'],
  ['an idle timeout that is too short', 'CreateSession', { idleTimeout: '0.5s' }, 'INVALID_ARGUMENT'],
  ['a new token', 'RegenerateSession', { token }, 'result'],
  ['the old token', 'GetSession', { token }, 'SESSION_NOT_FOUND'],
  ['the end', 'InvalidateSession', { token }, 'result'],
  ['the end, again', 'InvalidateSession', { token }, 'result'],
  ['a session that has ended', 'UpdateSession', { token, mutations: [set('a', 1)] }, 'SESSION_NOT_FOUND'],
];

/** What differs between sessions. */
const secrets = /[\w-]{43}(\.[\w-]{24})?|\d{4}-\d\d-\d\dT[\d:.]+Z|"(handle|csrfToken|errorId)":"[^"]*"/g;

const run = async (runner: Runner, rpc: string, request: string): Promise<string> => {
  const outcome: Outcome = await runner.run({ actor: 'any', op: 'call', rpc, request });
  return JSON.stringify(outcome).replace(secrets, '…');
};

describe('a call of the Go client has the same result over the pipeline and as a unary call:', () => {
  const tokens: string[] = [];

  beforeAll(async () => {
    for (const runner of runners) {
      const request = JSON.stringify({ mutations: [set('kept', [1])] });
      const { result } = await runner.run({ actor: 'any', op: 'call', rpc: 'CreateSession', request });
      tokens.push((result as { token: string }).token);
    }
  });

  testIf.each(calls)('%s (%s)', async (_what, rpc, request, expected) => {
    const outcomes = await Promise.all(
      runners.map((runner, index) => run(runner, rpc, JSON.stringify(request).replaceAll(token, tokens[index]!))),
    );
    expect(outcomes[0]).toContain(expected);
    expect(outcomes[0]).toBe(outcomes[1]);
  });

  testIf('one over a stream, the other without', async () => {
    const streams = await Promise.all(runners.map((runner) => runner.run({ actor: 'any', op: 'streams' })));
    expect(streams).toEqual([{ result: 1 }, { result: 0 }]);
  });

  testIf('without the store', async () => {
    await redis.stop();
    for (const [rpc, request] of [
      ['GetSession', { token }],
      ['CreateSession', { mutations: [set('a', 1)] }],
    ] as const) {
      const outcomes = await Promise.all(
        runners.map((runner, index) => run(runner, rpc, JSON.stringify(request).replaceAll(token, tokens[index]!))),
      );
      expect(outcomes[0]).toContain('STORE_UNAVAILABLE');
      expect(outcomes[0]).toContain('retryAfterMs');
      expect(outcomes[0]).toBe(outcomes[1]);
    }
  });
});
