import { expect, test } from '@jest/globals';
import { until } from '../support/poll';
import { connectRaw, failureOf, mutation } from '../support/raw-grpc';
import { callOf, connectBare, openPipeline } from '../support/raw-pipeline';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();

interface CallLine {
  readonly method: string;
  readonly status: string;
  readonly durationMs: number;
  readonly handle?: string;
  readonly reason?: string;
}

async function start(logLevel: 'debug' | 'info') {
  const sidecar = await stack.sidecar({ logLevel });
  const calls = (): CallLine[] =>
    sidecar
      .log()
      .split('\n')
      .filter((line) => line.includes('"msg":"call"'))
      .map((line) => JSON.parse(line) as CallLine);
  return {
    raw: stack.use(connectRaw(sidecar.address)),
    client: stack.use(connectBare(sidecar.address)),
    calls,
    text: sidecar.log,
  };
}

test('at level debug, each call is a line with its outcome, and without secrets', async () => {
  const { raw, client, calls, text } = await start('debug');
  const { token, session } = await raw.call('createSession', {
    mutations: [mutation.set('secret-key', '"secret-value"')],
  });
  const handle = session!.handle;
  await raw.call('getSession', { token });
  const forged = token.replace(/^.{10}/, 'A'.repeat(10));
  await failureOf(raw.call('getSession', { token: forged }));
  await failureOf(raw.call('updateSession', { token, mutations: [mutation.increment('secret-key', 1)] }));
  await failureOf(raw.send('GetSession', Buffer.from([0xff])));
  const pipeline = openPipeline(client);
  stack.defer(() => pipeline.cancel());
  pipeline.send({ calls: [callOf(1, 'getCsrfToken', { token })] });
  await pipeline.reply(1);

  const lines = await until('the lines', () => (calls().length === 6 ? calls() : undefined));
  expect(lines.map(({ method, status, handle: logged, reason }) => [method, status, logged, reason])).toEqual([
    ['CreateSession', 'OK', handle, undefined],
    ['GetSession', 'OK', handle, undefined],
    ['GetSession', 'UNAUTHENTICATED', undefined, 'TOKEN_INVALID'],
    ['UpdateSession', 'INVALID_ARGUMENT', handle, 'INVALID_ARGUMENT'],
    ['GetSession', 'INVALID_ARGUMENT', undefined, 'INVALID_ARGUMENT'],
    ['GetCsrfToken', 'OK', handle, undefined],
  ]);
  for (const { durationMs } of lines) expect(durationMs).toBeGreaterThanOrEqual(0);
  const secrets = ['secret-key', 'secret-value', token.slice(22), forged.slice(0, 22), session!.csrfToken];
  for (const secret of secrets) expect(text()).not.toContain(secret);
});

test('at level info, no call is logged', async () => {
  const { raw, calls } = await start('info');
  await raw.call('createSession', {});
  expect(calls()).toEqual([]);
});
