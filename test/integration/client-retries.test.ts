import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { codeOf, connect } from '../support/client';
import { failure, sessionWith } from '../support/fake-sidecar';
import type { Answer, Answers } from '../support/fake-sidecar';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();
const start = (answers: Answers, address?: string) => stack.fakeSidecar(answers, address);

/** With the default time, unless a call has its own. */
const connectTo = (sidecar: { address: string }, timeoutMs?: number) => stack.use(connect(sidecar, { timeoutMs }));

const found = () => ({ session: sessionWith({ a: '1' }) });
const updated: Answer = ({ request }) => {
  const { mutations } = request as { mutations: readonly unknown[] };
  return { version: 2, expires: undefined, results: mutations.map(() => ({ applied: true, messages: [] })) };
};
/** Fails the first calls, and answers later ones as configured. */
const failing =
  (times: number, error: unknown, then: Answer): Answer =>
  (call, attempt) => {
    if (attempt <= times) throw error;
    return then(call, attempt);
  };

describe('a call that failed', () => {
  const unavailable = failure(status.UNAVAILABLE, 'STORE_UNAVAILABLE', { metadata: { maybe_applied: 'true' } });
  const notApplied = failure(status.UNAVAILABLE, 'STORE_UNAVAILABLE', { metadata: { maybe_applied: 'false' } });
  const draining = failure(status.UNAVAILABLE, 'DRAINING');
  const overloaded = failure(status.UNAVAILABLE, 'OVERLOADED');
  const pushback = (milliseconds: string) => {
    const error = failure(status.UNAVAILABLE, 'DRAINING');
    error.metadata.set('grpc-retry-pushback-ms', milliseconds);
    return error;
  };

  test.each([
    ['UNAVAILABLE', failure(status.UNAVAILABLE)],
    ['STORE_UNAVAILABLE', unavailable],
    ['DRAINING', draining],
  ])('with %s is retried if the API marks it as idempotent', async (_, error) => {
    const sidecar = await start({ getSession: failing(2, error, found) });
    expect((await connectTo(sidecar, 20_000).open('token')).get('a')).toBe(1);
    expect(sidecar.calls).toHaveLength(3);
  });

  test.each([
    ['UNAVAILABLE', failure(status.UNAVAILABLE)],
    ['STORE_UNAVAILABLE', unavailable],
  ])('with %s is not retried if it is not idempotent', async (code, error) => {
    const sidecar = await start({ getSession: found, updateSession: failing(1, error, updated) });
    const session = await connectTo(sidecar).open('token');
    session.set('a', 2);
    expect(await codeOf(session.save())).toBe(code);
    expect(sidecar.calls).toEqual(['getSession', 'updateSession']);
  });

  test.each([
    ['DRAINING', draining],
    ['OVERLOADED', overloaded],
    ['STORE_UNAVAILABLE', notApplied],
  ])('with %s is retried until its deadline in any case, because it certainly did not run', async (_, error) => {
    const sidecar = await start({ getSession: found, updateSession: failing(6, error, updated) });
    const session = await connectTo(sidecar, 20_000).open('token');
    session.set('a', 2);
    await session.save();
    expect(sidecar.calls).toEqual(['getSession', ...Array.from({ length: 7 }, () => 'updateSession')]);
  });

  test('is retried no sooner than the trailer of gRPC requests', async () => {
    const sidecar = await start({ getSession: failing(1, pushback('5000'), found) });
    const opening = connectTo(sidecar).open('token', { timeoutMs: 4000 });
    await expect(opening).rejects.toMatchObject({ code: 'DRAINING', retryAfterMs: 5000 });
    expect(sidecar.calls).toHaveLength(1);
  });

  test.each(['-1', 'soon'])('is not retried when the trailer of gRPC forbids it by %s', async (milliseconds) => {
    const sidecar = await start({ getSession: failing(1, pushback(milliseconds), found) });
    await expect(connectTo(sidecar).open('token')).rejects.toMatchObject({ code: 'DRAINING', retryAfterMs: Infinity });
    expect(sidecar.calls).toHaveLength(1);
  });

  test.each([
    ['INTERNAL', failure(status.INTERNAL, 'INTERNAL')],
    ['STORE_FULL', failure(status.RESOURCE_EXHAUSTED, 'STORE_FULL')],
    ['REQUEST_TOO_LARGE', failure(status.RESOURCE_EXHAUSTED, 'REQUEST_TOO_LARGE')],
    ['API_TOKEN_INVALID', failure(status.UNAUTHENTICATED, 'API_TOKEN_INVALID')],
    ['UNKNOWN', failure(status.UNKNOWN)],
  ])('with %s is not retried', async (code, error) => {
    const sidecar = await start({ getSession: failing(1, error, found) });
    expect(await codeOf(connectTo(sidecar).open('token'))).toBe(code);
    expect(sidecar.calls).toHaveLength(1);
  });

  test('is attempted at most four times if it may have run', async () => {
    const sidecar = await start({ getSession: failing(9, unavailable, found) });
    expect(await codeOf(connectTo(sidecar, 20_000).open('token'))).toBe('STORE_UNAVAILABLE');
    expect(sidecar.calls).toHaveLength(4);
  });

  test('is not retried when the delay that the sidecar requests passes the deadline', async () => {
    const error = failure(status.UNAVAILABLE, 'DRAINING', { retryAfterMs: 5000 });
    const sidecar = await start({ getSession: failing(1, error, found) });
    const opening = connectTo(sidecar).open('token', { timeoutMs: 4000 });
    await expect(opening).rejects.toMatchObject({ code: 'DRAINING', retryAfterMs: 5000 });
    expect(sidecar.calls).toHaveLength(1);
  });

  test('keeps the changes for the next save', async () => {
    const requests: string[] = [];
    const sidecar = await start({
      getSession: found,
      updateSession: (call, attempt) => {
        requests.push(JSON.stringify((call.request as { mutations: unknown }).mutations));
        return failing(1, failure(status.INTERNAL), updated)(call, attempt);
      },
    });
    const session = await connectTo(sidecar).open('token');
    session.set('a', 2);
    session.flash('saved');
    session.setSubject('ada');
    expect(await codeOf(session.save())).toBe('INTERNAL');
    expect(session.hasChanges).toBe(true);
    await session.save();
    expect(requests[1]).toBe(requests[0]);
    expect([session.hasChanges, session.subject]).toEqual([false, 'ada']);
  });
});
