import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import type { SessionClient } from '@session-sidecar/client';
import { codeOf } from '../../support/client';
import type { FakePipeline, FakeStream } from '../../support/fake-pipeline';
import { failure } from '../../support/fake-sidecar';
import { until } from '../../support/poll';
import { changedSession, named, nextTurn, pipelineClients, range } from './fixture';

const { start, connectTo } = pipelineClients();

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

  test('is not sent calls that were cancelled meanwhile, and gets all others', async () => {
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
  test('gets new calls on a new stream, while the old one answers its calls and then ends', async () => {
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
