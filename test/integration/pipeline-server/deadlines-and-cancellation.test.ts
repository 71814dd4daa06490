import { describe, expect, test } from '@jest/globals';
import { until } from '../../support/poll';
import { methods } from '../../support/raw-grpc';
import { callOf, statusNameOf } from '../../support/raw-pipeline';
import { increment, pipelineServers, range } from './fixture';

const { start, startOnRedis } = pipelineServers();

describe('a deadline', () => {
  test('is kept although the store does not answer and the client does not cancel', async () => {
    const { redis, open, newToken, inFlight } = await startOnRedis();
    const token = await newToken();
    const pipeline = open();
    redis.freeze();
    pipeline.send({ calls: [callOf(1, 'getSession', { token }), callOf(2, 'getSession', { token })] });
    pipeline.send({ calls: [{ ...callOf(3, 'getSession', { token }), timeoutMs: 20 }] });
    await expect(pipeline.reply(3)).rejects.toMatchObject({ status: 'DEADLINE_EXCEEDED' });
    expect(pipeline.replies).toHaveLength(1);
    await until('the others to be in flight', async () => (await inFlight()) === 2);
    redis.thaw();
    await Promise.all([pipeline.reply(1), pipeline.reply(2)]);
  });

  test('may be as distant as the field can express', async () => {
    const { open, newToken } = await start();
    const token = await newToken();
    const pipeline = open();
    pipeline.send({ calls: [{ ...callOf(1, 'getSession', { token }), timeoutMs: 2 ** 32 - 1 }] });
    await pipeline.reply(1);
  });
});

describe('a cancelled call', () => {
  test('gets no reply, and its id is free again', async () => {
    const { redis, open, newToken, inFlight } = await startOnRedis();
    const token = await newToken('"the session"');
    const pipeline = open();
    redis.freeze();
    pipeline.send({ calls: [callOf(1, 'getSession', { token }), callOf(2, 'getSession', { token })] });
    await until('both to be in flight', async () => (await inFlight()) === 2);
    pipeline.send({ cancelled: [1, 99] });
    await until('one to be in flight', async () => (await inFlight()) === 1);
    pipeline.send({ calls: [callOf(1, 'getCsrfToken', { token })] });
    redis.thaw();
    const csrf = methods.getCsrfToken.responseType.decode(await pipeline.reply(1));
    expect(csrf.csrfToken).toHaveLength(22);
    await pipeline.reply(2);
    pipeline.halfClose();
    expect(await pipeline.end).toBe('OK');
    expect(pipeline.replies.map(({ id }) => id).sort()).toEqual([1, 2]);
  });

  test('that was not started is never started', async () => {
    const { redis, raw, open, newToken, inFlight } = await startOnRedis();
    const token = await newToken();
    const pipeline = open();
    redis.freeze();
    pipeline.send({
      calls: range(300).map((id) => callOf(id, 'updateSession', increment(token))),
      cancelled: range(44, 256),
    });
    await until('calls to be in flight', async () => (await inFlight()) === 256);
    redis.thaw();
    pipeline.halfClose();
    expect(await pipeline.end).toBe('OK');
    expect(pipeline.replies).toHaveLength(256);
    const { session } = await raw.call('getSession', { token });
    expect(String(session!.data.get('n'))).toBe('256');
  });
});

test('a call whose time is over before there was room is answered DEADLINE_EXCEEDED and never started', async () => {
  const { redis, raw, open, newToken, inFlight } = await startOnRedis();
  const token = await newToken();
  const pipeline = open();
  redis.freeze();
  pipeline.send({
    calls: range(266).map((id) => callOf(id, 'updateSession', increment(token), id < 256 ? 0 : 1)),
  });
  await until('calls to be in flight', async () => (await inFlight()) === 256);
  const seen = Date.now();
  await until('the time to be over', () => Date.now() > seen + 1);
  redis.thaw();
  pipeline.halfClose();
  expect(await pipeline.end).toBe('OK');
  const late = pipeline.replies.filter(({ id }) => id >= 256);
  expect(late.map(statusNameOf)).toEqual(range(10).map(() => 'DEADLINE_EXCEEDED'));
  const { session } = await raw.call('getSession', { token });
  expect(String(session!.data.get('n'))).toBe('256');
});
