import { getEventListeners } from 'node:events';
import { join, resolve } from 'node:path';
import { status } from '@grpc/grpc-js';
import { describe, expect, jest, test } from '@jest/globals';
import type { ISession, JsonValue, SessionClient } from '@session-sidecar/client';
import { buildSync } from 'esbuild';
import { codeOf, connect } from '../support/client';
import type { FakePipeline, FakePipelineOptions, FakeStream } from '../support/fake-pipeline';
import { failure, sessionWith } from '../support/fake-sidecar';
import { until } from '../support/poll';
import { freePort } from '../support/redis';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();

const start = (options?: FakePipelineOptions) => stack.fakePipeline(options);

const connectTo = (sidecar: { address: string }, transport?: 'pipeline' | 'unary') =>
  stack.use(connect(sidecar, { transport }));

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const named = (sidecar: FakePipeline, method: string) =>
  sidecar.streams.flatMap(({ calls }) => calls).filter((call) => call.method === method);

/** A session with something to save, which must not be sent twice. */
async function changedSession(client: SessionClient): Promise<ISession<Record<string, JsonValue>>> {
  const session = await client.open('token');
  session.set('a', 2);
  return session;
}

describe('the transport', () => {
  test('is one stream for all calls by default', async () => {
    const sidecar = await start();
    const client = connectTo(sidecar);
    await Promise.all(range(10).map(() => client.open('token')));
    await client.open('token');
    expect([sidecar.streams.length, sidecar.unaryCalls]).toEqual([1, 0]);
  });

  test('is a request for each call when told so', async () => {
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
  test('leaves at once when no other is under way', async () => {
    const sidecar = await start();
    const client = connectTo(sidecar);
    await client.open('token');
    const first = client.open('token');
    await new Promise((resolve) => process.nextTick(resolve));
    await Promise.all([first, client.open('token')]);
    expect(sidecar.streams[0]?.frames.map(({ calls }) => calls.length)).toEqual([1, 1, 1]);
  });

  test('leaves with the others of its turn of the event loop while one is under way, half of them at a time', async () => {
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

  test('tells the sidecar its deadline and its metadata', async () => {
    const sidecar = await start();
    await connectTo(sidecar).open('token', { timeoutMs: 600_000.5, metadata: { traceparent: '00-trace' } });
    const [call] = named(sidecar, 'GetSession');
    expect(call!.timeoutMs).toBeGreaterThan(300_000);
    expect(call!.timeoutMs).toBeLessThanOrEqual(600_001);
    expect(call!.metadata).toEqual(new Map([['traceparent', '00-trace']]));
  });

  test('ends at its deadline, at the sidecar too; an answer that comes later is nobody’s', async () => {
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

  test('ends when its signal is aborted, at the sidecar too', async () => {
    const sidecar = await start({ onCall: () => undefined });
    const abort = new AbortController();
    const opening = connectTo(sidecar).open('token', { signal: abort.signal });
    const call = await until('the call', () => sidecar.streams[0]?.calls[0]);
    abort.abort('no longer needed');
    await expect(opening).rejects.toMatchObject({ code: 'CANCELLED', cause: 'no longer needed' });
    await until('the sidecar to hear of it', () => sidecar.streams[0]?.cancelled.includes(call.id));
    expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
  });

  test('that is given up before there is a stream is never sent', async () => {
    const address = `127.0.0.1:${await freePort()}`;
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

  test('whose request is over 4 MiB, alone or with its metadata, is refused here, and no other is harmed', async () => {
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

  test('with a reply that cannot be read fails with INTERNAL', async () => {
    const sidecar = await start({ onCall: (call, stream) => stream.answer(call, Buffer.from([0xff])) });
    expect(await codeOf(connectTo(sidecar).open('token'))).toBe('INTERNAL');
  });

  test('with a reply that says nothing fails with INTERNAL', async () => {
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

describe('a stream that breaks', () => {
  const draining = failure(status.UNAVAILABLE, 'DRAINING');
  const endings = [
    ['UNAVAILABLE', { code: status.UNAVAILABLE, details: 'broken' }],
    ['UNAVAILABLE and the reason DRAINING', draining],
    ['INVALID_ARGUMENT', failure(status.INVALID_ARGUMENT, 'INVALID_ARGUMENT')],
    ['RESOURCE_EXHAUSTED', { code: status.RESOURCE_EXHAUSTED, details: 'broken' }],
    ['CANCELLED', { code: status.CANCELLED, details: 'broken' }],
    ['UNIMPLEMENTED', { code: status.UNIMPLEMENTED, details: 'broken' }],
    ['no error', undefined],
  ] as const;

  test.each(endings)('with %s fails what must not be sent twice, and does not send it again', async (_, error) => {
    const sidecar = await start({
      onCall(call, stream) {
        if (call.method !== 'UpdateSession') stream.answer(call);
        else if (error === undefined) stream.end();
        else stream.fail(error);
      },
    });
    const client = connectTo(sidecar);
    const session = await changedSession(client);
    expect(await codeOf(session.save())).toBe('UNAVAILABLE');
    expect((await client.open('token')).origin).toBe('found');
    expect(named(sidecar, 'UpdateSession')).toHaveLength(1);
    expect([sidecar.streams.length, sidecar.unaryCalls]).toEqual([2, 0]);
  });

  test.each(endings)('with %s does not fail what may be sent twice', async (_, error) => {
    const sidecar = await start({
      onCall(call, stream) {
        if (sidecar.streams.length > 1) stream.answer(call);
        else if (error === undefined) stream.end();
        else stream.fail(error);
      },
    });
    expect((await connectTo(sidecar).open('token')).origin).toBe('found');
    expect(sidecar.streams).toHaveLength(2);
  });

  test('because the sidecar is gone fails what must not be sent twice, and says where', async () => {
    const sidecar = await start({
      onCall(call, stream) {
        if (call.method === 'UpdateSession') sidecar.close();
        else stream.answer(call);
      },
    });
    const session = await changedSession(connectTo(sidecar));
    const saving = session.save();
    await expect(saving).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(saving).rejects.toThrow(`UpdateSession at ${sidecar.address} failed`);
  });
});

describe('while there is no sidecar', () => {
  test('calls wait for one, also those that must not be sent twice', async () => {
    const first = await start();
    const client = connectTo(first);
    const session = await changedSession(client);
    first.close();
    // From now on the client knows.
    expect(await codeOf(client.open('token', { timeoutMs: 300 }))).toBe('UNAVAILABLE');
    const outcomes = [session.save(), client.open('token')];
    const second = await start({ address: first.address });
    expect(await Promise.all(outcomes.map(codeOf))).toEqual(['no error', 'no error']);
    expect(named(second, 'UpdateSession')).toHaveLength(1);
  });

  test('calls fail at their deadline with UNAVAILABLE, and say where', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const opening = connectTo({ address }).open('token', { timeoutMs: 300 });
    await expect(opening).rejects.toMatchObject({ code: 'UNAVAILABLE', status: 503 });
    await expect(opening).rejects.toThrow(`GetSession at ${address} failed`);
  });

  test('streams are refused until one is taken, and calls wait', async () => {
    const sidecar = await start({
      onStream(stream) {
        if (sidecar.streams.length > 3) return true;
        stream.fail(failure(status.UNAVAILABLE, 'DRAINING'));
        return false;
      },
    });
    const client = connectTo(sidecar);
    const session = await changedSession(client);
    await session.save();
    expect(sidecar.streams).toHaveLength(4);
    expect(named(sidecar, 'UpdateSession')).toHaveLength(1);
  });

  test('each try waits a random part of twice the time of the one before, at most 100 ms, and a stream sets that back', async () => {
    const sidecar = await start({
      onStream(stream) {
        const isTaken = sidecar.streams.length % 4 === 0;
        if (!isTaken) stream.fail(failure(status.UNAVAILABLE, 'DRAINING'));
        return isTaken;
      },
    });
    const client = connectTo(sidecar);
    // Divides without a rest.
    const random = 37 / 1024;
    const randomSpy = jest.spyOn(Math, 'random').mockReturnValue(random);
    const timerSpy = jest.spyOn(globalThis, 'setTimeout');
    stack.defer(() => {
      randomSpy.mockRestore();
      timerSpy.mockRestore();
    });
    await client.open('token');
    sidecar.streams[3]!.end();
    await client.open('token');
    const waited = timerSpy.mock.calls.map(([, milliseconds = 0]) => milliseconds / random);
    expect(waited.filter((longest) => longest % 20 === 0 && longest > 0)).toEqual([20, 40, 80, 20, 40, 80, 100]);
  });
});

test('a call made while a stream is opened waits for it, too, and is sent once', async () => {
  const sidecar = await start({ onStream: (stream) => stream === sidecar.streams[0] || sidecar.streams.length > 2 });
  const client = connectTo(sidecar);
  const session = await changedSession(client);
  sidecar.streams[0]!.end();
  const outcomes = [codeOf(client.open('token'))];
  const refused = await until('a second stream', () => sidecar.streams[1]);
  outcomes.push(codeOf(session.save()));
  await nextTurn();
  refused.fail(failure(status.UNAVAILABLE, 'DRAINING'));
  expect(await Promise.all(outcomes)).toEqual(['no error', 'no error']);
  expect(named(sidecar, 'UpdateSession')).toHaveLength(1);
});

describe('a sidecar that does not read', () => {
  /** Makes more calls than can be sent. */
  async function fill(client: SessionClient, sidecar: FakePipeline) {
    await client.open('token');
    const stream = sidecar.streams.at(-1)!;
    stream.stopReading();
    const large = 'x'.repeat(100_000);
    const outcomes: Promise<unknown>[] = [];
    for (const _ of range(60)) {
      outcomes.push(codeOf(client.open(large)));
      await nextTurn();
    }
    return { stream, outcomes };
  }

  test('is not sent what is given up meanwhile, and gets all else', async () => {
    const sidecar = await start({
      // What failed before has nothing to do with what fails now.
      onStream(stream) {
        const isFirst = stream === sidecar.streams[0];
        if (isFirst) stream.fail(failure(status.UNAVAILABLE, 'DRAINING'));
        return !isFirst;
      },
    });
    const client = connectTo(sidecar);
    const { stream, outcomes } = await fill(client, sidecar);
    const abort = new AbortController();
    const given = client.open('given up', { signal: abort.signal });
    await nextTurn();
    abort.abort();
    expect(await codeOf(given)).toBe('CANCELLED');
    expect(await codeOf(client.open('late', { timeoutMs: 50 }))).toBe('DEADLINE_EXCEEDED');
    stream.readOn();
    expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['no error']));
    expect(named(sidecar, 'GetSession')).toHaveLength(1 + outcomes.length);
  });

  test('and is about to stop leaves what was not sent to the next', async () => {
    const sidecar = await start();
    const client = connectTo(sidecar);
    const { stream, outcomes } = await fill(client, sidecar);
    const last = client.open('token');
    stream.announceDraining();
    expect((await last).get('a')).toBe(1);
    stream.readOn();
    expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['no error']));
    expect(sidecar.streams).toHaveLength(2);
  });
});

describe('a sidecar that is about to stop', () => {
  test('gets new calls on a new stream, while the old one answers what it has and is then ended', async () => {
    const sidecar = await start({
      onCall(call, stream) {
        if (stream !== sidecar.streams[0]) stream.answer(call);
      },
    });
    const client = connectTo(sidecar);
    const old = range(3).map(() => client.open('token'));
    await until('the calls to arrive', () => sidecar.streams[0]?.calls.length === 3);
    const [stream] = sidecar.streams as [FakePipeline['streams'][number]];
    stream.announceDraining();
    // One that is sent on the old stream all the same is not answered before the others.
    stream.answer(stream.calls[0]!);
    await old[0];
    expect((await client.open('token')).get('a')).toBe(1);
    expect(sidecar.streams).toHaveLength(2);
    expect([stream.calls.length, stream.halfClosed]).toEqual([3, false]);
    for (const call of stream.calls.slice(1)) stream.answer(call);
    await Promise.all(old);
    await until('the old stream to be ended', () => stream.halfClosed);
    expect((await client.open('token')).get('a')).toBe(1);
    expect(sidecar.streams).toHaveLength(2);
  });

  test('and breaks off harms no call on the new stream', async () => {
    const sidecar = await start({ onCall: () => undefined });
    const client = connectTo(sidecar);
    const [opening, unanswered] = [changedSession(client), client.open('token')];
    const old = await until('the calls to arrive', () => sidecar.streams.find(({ calls }) => calls.length === 2));
    old.announceDraining();
    old.answer(old.calls[0]!);
    const session = await opening;
    const saving = codeOf(session.save());
    const isSaved = (stream: FakeStream) => stream !== old && stream.calls.length === 1;
    const next = await until('the save to arrive', () => sidecar.streams.find(isSaved));
    old.fail({ code: status.UNAVAILABLE, details: 'broken' });
    await until('the unanswered call to come again', () => next.calls.length === 2);
    for (const call of next.calls) next.answer(call);
    expect(await Promise.all([saving, codeOf(unanswered)])).toEqual(['no error', 'no error']);
  });
});

describe('close()', () => {
  test('rejects calls that wait with CANCELLED', async () => {
    const client = connectTo({ address: `127.0.0.1:${await freePort()}` });
    const outcomes = range(3).map(() => codeOf(client.open('token')));
    client.close();
    expect(await Promise.all(outcomes)).toEqual(['CANCELLED', 'CANCELLED', 'CANCELLED']);
    expect(await codeOf(client.open('token'))).toBe('CANCELLED');
  });

  test('lets calls under way finish, or be given up one by one, and ends the stream', async () => {
    const sidecar = await start({ onCall: () => undefined });
    const client = connectTo(sidecar);
    const abort = new AbortController();
    const [opening, given] = [client.open('token'), client.open('token', { signal: abort.signal })];
    const stream = await until('the calls to arrive', () => sidecar.streams.find(({ calls }) => calls.length === 2));
    client.close();
    abort.abort();
    expect(await codeOf(given)).toBe('CANCELLED');
    stream.answer(stream.calls[0]!);
    expect((await opening).get('a')).toBe(1);
    await until('the stream to be ended', () => stream.halfClosed);
  });
});

describe('a process with a client that is not closed ends by itself when it has nothing more to do', () => {
  /** Opens a session and prints what came of it; 2 seconds are enough to find that there is no sidecar. */
  async function outputOf(address: string, transport: 'pipeline' | 'unary'): Promise<string> {
    const root = resolve(__dirname, '../..');
    const app = join(stack.directory(), 'app.cjs');
    buildSync({
      stdin: {
        contents: `import { SessionClient } from './client/src/index';
          const [address, transport] = process.argv.slice(2);
          const client = new SessionClient({ address, transport, timeoutMs: address.endsWith(':1') ? 2000 : 20_000 });
          client.open('token').then(({ origin }) => console.log(origin), ({ code }) => console.log(code));`,
        resolveDir: root,
      },
      ...{ bundle: true, platform: 'node', outfile: app },
      alias: { '@session-sidecar/proto': join(root, 'proto/gen') },
    });
    const program = stack.command(process.execPath, [app, address, transport]);
    expect(await program.exit).toEqual({ code: 0, signal: null });
    return program.output().stdout;
  }

  test.each(['pipeline', 'unary'] as const)('after a %s call', async (transport) => {
    const sidecar = await start();
    expect(await outputOf(sidecar.address, transport)).toBe('found\n');
  });

  test.each(['pipeline', 'unary'] as const)('after a %s call that found no sidecar', async (transport) => {
    expect(await outputOf('127.0.0.1:1', transport)).toBe('UNAVAILABLE\n');
  });
});
