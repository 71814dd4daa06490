import { getEventListeners } from 'node:events';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { codeOf } from '../../support/client';
import { sessionWith } from '../../support/fake-sidecar';
import { until } from '../../support/poll';
import { freeAddress } from '../../support/free-port';
import { changedSession, named, pipelineClients, range } from './fixture';

const { stack, start, connectTo } = pipelineClients();

describe('the transport', () => {
  test('is one stream for all calls by default', async () => {
    const sidecar = await start();
    const client = connectTo(sidecar);
    await Promise.all(range(10).map(() => client.open('token')));
    await client.open('token');
    expect([sidecar.streams.length, sidecar.unaryCalls]).toEqual([1, 0]);
  });

  test('is a request for each call if the option says so', async () => {
    const sidecar = await start();
    const client = connectTo(sidecar, 'unary');
    await Promise.all(range(3).map(() => client.open('token')));
    expect([sidecar.streams.length, sidecar.unaryCalls]).toEqual([0, 3]);
  });

  test('is a request for each call where the sidecar does not know Pipeline, also for those that waited', async () => {
    const sidecar = await stack.fakeSidecar({ getSession: () => ({ session: sessionWith({ a: '1' }) }) });
    const client = connectTo(sidecar);
    const sessions = await Promise.all(range(5).map(() => client.open('token')));
    expect(sessions.map((session) => session.get('a'))).toEqual([1, 1, 1, 1, 1]);
    expect((await client.open('token')).get('a')).toBe(1);
    expect(sidecar.calls).toHaveLength(6);
  });

  test('is asked for only once of a sidecar that does not know it', async () => {
    const sidecar = await start({
      onStream(stream) {
        stream.fail({ code: status.UNIMPLEMENTED, details: 'never heard of it' });
        return false;
      },
    });
    const client = connectTo(sidecar);
    for (const _ of range(3)) await client.open('token');
    expect([sidecar.streams.length, sidecar.unaryCalls]).toEqual([1, 3]);
  });
});

describe('a call', () => {
  test('leaves at once when no other is in flight', async () => {
    const sidecar = await start();
    const client = connectTo(sidecar);
    await client.open('token');
    const first = client.open('token');
    await new Promise((resolve) => process.nextTick(resolve));
    await Promise.all([first, client.open('token')]);
    expect(sidecar.streams[0]?.frames.map(({ calls }) => calls.length)).toEqual([1, 1, 1]);
  });

  test('leaves with the others of its turn of the event loop while one is in flight, half of them at a time', async () => {
    let first = true;
    const sidecar = await start({
      onCall(call, stream) {
        if (first) first = false;
        else stream.answer(call);
      },
    });
    const client = connectTo(sidecar);
    const abort = new AbortController();
    const waiting = client.open('token', { signal: abort.signal });
    await until('the first call to arrive', () => sidecar.streams[0]?.calls.length === 1);
    await Promise.all(
      range(64).map(async (turns) => {
        for (const _ of range(turns)) await Promise.resolve();
        return client.open('token');
      }),
    );
    expect(sidecar.streams[0]?.frames.map(({ calls }) => calls.length)).toEqual([1, 32, 32]);
    abort.abort();
    expect(await codeOf(waiting)).toBe('CANCELLED');
  });

  test('sends its deadline and its metadata', async () => {
    const sidecar = await start();
    await connectTo(sidecar).open('token', { timeoutMs: 600_000.5, metadata: { traceparent: '00-trace' } });
    const [call] = named(sidecar, 'GetSession');
    expect(call!.timeoutMs).toBeGreaterThan(300_000);
    expect(call!.timeoutMs).toBeLessThanOrEqual(600_001);
    expect(call!.metadata).toEqual(new Map([['traceparent', '00-trace']]));
  });

  test('ends at its deadline, in the sidecar too; a late reply is ignored', async () => {
    const sidecar = await start({ onCall: () => undefined });
    const client = connectTo(sidecar);
    expect(await codeOf(client.open('token', { timeoutMs: 50.5 }))).toBe('DEADLINE_EXCEEDED');
    const stream = sidecar.streams[0]!;
    await until('the sidecar to hear of it', () => stream.cancelled.length === 1);
    const late = stream.calls[0]!;
    expect(stream.cancelled).toEqual([late.id]);

    const opening = client.open('token');
    const call = await until('the next call', () => stream.calls[1]);
    stream.answer(late, { session: sessionWith({ a: '"late"' }) });
    stream.answer(call);
    expect((await opening).get('a')).toBe(1);
  });

  test('ends when its signal is aborted, in the sidecar too', async () => {
    const sidecar = await start({ onCall: () => undefined });
    const abort = new AbortController();
    const opening = connectTo(sidecar).open('token', { signal: abort.signal });
    const call = await until('the call', () => sidecar.streams[0]?.calls[0]);
    abort.abort('no longer needed');
    await expect(opening).rejects.toMatchObject({ code: 'CANCELLED', cause: 'no longer needed' });
    await until('the sidecar to hear of it', () => sidecar.streams[0]?.cancelled.includes(call.id));
    expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
  });

  test('that is cancelled before there is a stream is never sent', async () => {
    const address = await freeAddress();
    const client = connectTo({ address });
    const abort = new AbortController();
    const given = client.open('given up', { signal: abort.signal });
    const waiting = client.open('token');
    abort.abort();
    expect(await codeOf(given)).toBe('CANCELLED');
    const sidecar = await start({ address });
    await waiting;
    expect(named(sidecar, 'GetSession')).toHaveLength(1);
  });

  test('whose request is over 4 MiB, alone or with its metadata, is rejected by the client, and no other is affected', async () => {
    const sidecar = await start();
    const client = connectTo(sidecar);
    const session = await changedSession(client);
    const large = await client.open('token');
    large.set('a', 'x'.repeat(5 * 1024 * 1024));
    const metadata = { note: 'x'.repeat(5 * 1024 * 1024) };
    const outcomes = [large.save(), client.open('token', { metadata }), session.save(), client.open('token')];
    const codes = ['SESSION_TOO_LARGE', 'SESSION_TOO_LARGE', 'no error', 'no error'];
    expect(await Promise.all(outcomes.map(codeOf))).toEqual(codes);
    expect(sidecar.streams).toHaveLength(1);
  });

  test('with a reply that cannot be decoded fails with INTERNAL', async () => {
    const sidecar = await start({ onCall: (call, stream) => stream.answer(call, Buffer.from([0xff])) });
    expect(await codeOf(connectTo(sidecar).open('token'))).toBe('INTERNAL');
  });

  test('with an empty reply fails with INTERNAL', async () => {
    const sidecar = await start({ onCall: ({ id }, stream) => stream.reply([{ id, outcome: undefined }]) });
    expect(await codeOf(connectTo(sidecar).open('token'))).toBe('INTERNAL');
  });

  test('in frames as large as the sidecar takes, however many there are', async () => {
    const sidecar = await start();
    const client = connectTo(sidecar);
    const sessions = await Promise.all(range(600).map(() => client.open('token')));
    for (const session of sessions.slice(0, 20)) session.set('a', 'x'.repeat(300_000));
    await Promise.all(sessions.slice(0, 20).map((session) => session.save()));
    const frames = sidecar.streams.flatMap((stream) => stream.frames);
    expect(Math.max(...frames.map(({ calls }) => calls.length))).toBeLessThanOrEqual(1024);
    const bytes = frames.map(({ calls }) => calls.reduce((sum, { request }) => sum + request.length, 0));
    expect(Math.max(...bytes)).toBeLessThanOrEqual(4 * 1024 * 1024);
    expect(sidecar.streams).toHaveLength(1);
  });
});
