import { describe, expect, test } from '@jest/globals';
import { PipelineRequest, PipelineResponse } from '@session-sidecar/proto/session/v1/pipeline';
import { until } from '../../support/poll';
import { encodeRequest, failureOf } from '../../support/raw-grpc';
import { connectHttp2, framed, messagesIn } from '../../support/raw-http2';
import { callOf, encodeFrame, statusNameOf } from '../../support/raw-pipeline';
import type { RawPipeline } from '../../support/raw-pipeline';
import { countRpcs } from '../../support/sidecar';
import { pipelineServers, range } from './fixture';

const { start, startOnRedis } = pipelineServers();

/** For what is not about time: on a busy machine, a test takes longer than clients may take to read. */
const patient = { MAX_QUEUE_TIME: '10m', STALL_TIMEOUT: '10m' };

describe('what is in flight', () => {
  test('is at most 256 calls of a stream and 2,048 of all, and all are answered in the end', async () => {
    const { redis, open, newToken, inFlight } = await startOnRedis(patient);
    const token = await newToken();
    redis.freeze();
    const pipelines: RawPipeline[] = [];
    for (const number of range(10)) {
      const pipeline = open();
      pipelines.push(pipeline);
      pipeline.send({ calls: range(300).map((id) => callOf(id, 'getCsrfToken', { token })) });
      const most = Math.min(256 * (number + 1), 2048);
      await until(`${most} calls to be in flight`, async () => (await inFlight()) === most);
    }
    redis.thaw();
    for (const pipeline of pipelines) {
      pipeline.halfClose();
      expect(await pipeline.end).toBe('OK');
      expect(pipeline.replies.map(statusNameOf)).toEqual(range(300).map(() => 'OK'));
    }
  });

  test('leaves room for others, however many calls failed', async () => {
    const { open, newToken } = await start();
    const token = await newToken();
    const pipeline = open();
    for (const first of [1, 1025, 2049]) {
      pipeline.send({ calls: range(1024, first).map((id) => ({ id, method: 'NoMethod' })) });
    }
    pipeline.send({ calls: [callOf(0, 'getCsrfToken', { token })] });
    await pipeline.reply(0);
  });

  test('leaves in a frame with what was found out with it, also after large replies', async () => {
    const { redis, open, newToken, inFlight } = await startOnRedis({ REPLY_BUFFER_SIZE: '32MiB' });
    const [large, small] = [await newToken(JSON.stringify('x'.repeat(200_000))), await newToken()];
    const pipeline = open();
    for (const id of range(6)) {
      pipeline.send({ calls: [callOf(id, 'getSession', { token: large })] });
      await pipeline.reply(id);
    }
    const { frames } = pipeline;
    redis.freeze();
    pipeline.send({ calls: range(100, 6).map((id) => callOf(id, 'getCsrfToken', { token: small })) });
    await until('calls to be in flight', async () => (await inFlight()) === 100);
    redis.thaw();
    for (const id of range(100, 6)) await pipeline.reply(id);
    expect(pipeline.frames - frames).toBeLessThan(4);
  });

  test('does not grow for a client that does not read; when it reads, all replies are there', async () => {
    const { sidecar, raw, newToken } = await start({ settings: patient });
    const token = await newToken(JSON.stringify('x'.repeat(200_000)));
    const started = async (): Promise<number> => (await countRpcs(sidecar))['GetSession'] ?? 0;
    // Not by grpc-js, which reads on if the first reply arrives before it is asked for one.
    const connection = connectHttp2(sidecar.address);
    const { stream, headers } = connection.begin('Pipeline');
    await headers;
    const total = 800;
    for (const first of range(4)) {
      const calls = range(total / 4, first * (total / 4)).map((id) => callOf(id, 'getSession', { token }));
      stream.write(framed(encodeFrame({ calls })));
    }
    stream.end();
    // The sidecar has stopped reading when it does nothing in the time in which it serves this many other calls.
    let before = -1;
    await until('the sidecar to start no more calls', async () => {
      for (const _ of range(20)) await raw.call('getCsrfToken', { token });
      const now = await started();
      const stopped = now > 0 && now === before;
      before = now;
      return stopped;
    });
    expect(await started()).toBeLessThan(600);

    const data = Buffer.concat(await stream.toArray());
    const replies = messagesIn(data).flatMap((message) => PipelineResponse.decode(message).replies);
    expect(replies.map(({ id }) => id).sort((a, b) => a - b)).toEqual(range(total));
    expect(replies.map(statusNameOf)).toEqual(range(total).map(() => 'OK'));
    connection.destroy();
  });

  test('does not grow for a client that sends more than there is room for: nothing more is read until there is', async () => {
    const { redis, raw, open, newToken, inFlight } = await startOnRedis(patient);
    const token = await newToken();
    const pipeline = open();
    redis.freeze();
    pipeline.send({ calls: range(300).map((id) => callOf(id, 'getCsrfToken', { token })) });
    await until('calls to be in flight', async () => (await inFlight()) === 256);
    const total = 60;
    for (const id of range(total, 1000)) {
      pipeline.send({ calls: [{ id, method: 'Unknown', request: Buffer.alloc(1024 * 1024) }] });
    }
    let before = -1;
    await until('the sidecar to read no more', async () => {
      for (const _ of range(20)) await failureOf(raw.call('getCsrfToken', { token: '' }));
      const stopped = pipeline.accepted > 0 && pipeline.accepted === before;
      before = pipeline.accepted;
      return stopped;
    });
    expect(pipeline.accepted).toBeLessThan(total / 2);
    redis.thaw();
    pipeline.halfClose();
    expect(await pipeline.end).toBe('OK');
    expect(pipeline.replies).toHaveLength(300 + total);
  });

  test('reaches clients in frames that a gRPC library accepts by default, however many replies wait', async () => {
    const { client, newToken } = await start();
    const token = await newToken(JSON.stringify('x'.repeat(200_000)));
    const sizes: number[] = [];
    const asIs = (bytes: Buffer): Buffer => bytes;
    const stream = client.makeBidiStreamRequest('/session.v1.SessionService/Pipeline', asIs, (bytes: Buffer) => {
      sizes.push(bytes.length);
      return bytes;
    });
    stream.on('error', () => undefined);
    const calls = range(300).map((id) => ({
      ...{ method: 'GetSession', request: encodeRequest('getSession', { token }), timeoutMs: 0 },
      ...{ id, metadata: new Map<string, string>() },
    }));
    stream.write(Buffer.from(PipelineRequest.encode({ calls, cancelled: [], confirm: 0 }).finish()));
    stream.end();
    const ended = new Promise((resolve) => stream.on('end', resolve));
    stream.resume();
    await ended;
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(300 * 200_000);
    expect(Math.max(...sizes)).toBeLessThan(2 * 1024 * 1024);
  });
});
