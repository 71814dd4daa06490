import { status } from '@grpc/grpc-js';
import { describe, expect, jest, test } from '@jest/globals';
import { codeOf } from '../../support/client';
import { failure } from '../../support/fake-sidecar';
import { until } from '../../support/poll';
import { freeAddress } from '../../support/free-port';
import { changedSession, named, nextTurn, pipelineClients } from './fixture';

const { stack, start, connectTo } = pipelineClients();

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

describe('while no sidecar is running', () => {
  test('calls wait for one, also those that must not be sent twice', async () => {
    const first = await start({ address: await freeAddress() });
    const client = connectTo(first);
    const session = await changedSession(client);
    first.close();
    // From now on the client knows.
    expect(await codeOf(client.open('token', { timeoutMs: 2000 }))).toBe('UNAVAILABLE');
    const outcomes = [session.save(), client.open('token')];
    const second = await start({ address: first.address });
    expect(await Promise.all(outcomes.map(codeOf))).toEqual(['no error', 'no error']);
    expect(named(second, 'UpdateSession')).toHaveLength(1);
  });

  test('calls fail at their deadline with UNAVAILABLE, and say where', async () => {
    const address = await freeAddress();
    const opening = connectTo({ address }).open('token', { timeoutMs: 2000 });
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

  test('each attempt waits up to twice as long as the one before, at most 100 ms, with jitter; an accepted stream resets that', async () => {
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

test('a call made while a stream is opening waits for it and is sent once', async () => {
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
