import { join } from 'node:path';
import { getEventListeners } from 'node:events';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { SessionClient, SessionError } from '@session-sidecar/client';
import type { SessionErrorCode } from '@session-sidecar/client';
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
  return { version: 2, expires: undefined, results: mutations.map(() => ({ applied: true })) };
};
/** Fails the first calls, and answers later ones as configured. */
const failing =
  (times: number, error: unknown, then: Answer): Answer =>
  (call, attempt) => {
    if (attempt <= times) throw error;
    return then(call, attempt);
  };
const never: Answer = () => new Promise(() => {});

describe('the deadline', () => {
  test('is three seconds by default, and the sidecar sees it', async () => {
    let remaining = 0;
    const sidecar = await start({
      getSession(call) {
        remaining = Number(call.getDeadline()) - Date.now();
        return found();
      },
    });
    await connectTo(sidecar).open('token');
    expect(remaining).toBeGreaterThan(0);
    expect(remaining).toBeLessThanOrEqual(3000);
  });

  test('is the one of the client, and of the call where it has its own', async () => {
    const deadlines: number[] = [];
    const sidecar = await start({
      getSession(call) {
        deadlines.push(Number(call.getDeadline()) - Date.now());
        return found();
      },
    });
    const client = connectTo(sidecar, 60_000);
    await client.open('token');
    await client.open('token', { timeoutMs: 600_000 });
    expect(deadlines[0]).toBeGreaterThan(30_000);
    expect(deadlines[0]).toBeLessThanOrEqual(60_000);
    expect(deadlines[1]).toBeGreaterThan(300_000);
  });

  test('ends a call that gets no answer', async () => {
    const sidecar = await start({ getSession: never });
    expect(await codeOf(connectTo(sidecar).open('token', { timeoutMs: 50 }))).toBe('DEADLINE_EXCEEDED');
  });

  test('ends a call that waits for another one of the same session', async () => {
    const sidecar = await start({ getSession: found, updateSession: never });
    const session = await connectTo(sidecar).open('token');
    session.set('a', 2);
    const [first, second] = [session.save({ timeoutMs: 100 }), session.save({ timeoutMs: 50 })];
    expect([await codeOf(first), await codeOf(second)]).toEqual(['DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED']);
  });

  test.each([0, -1, NaN, Infinity, '5'])('refuses %p', async (timeoutMs) => {
    expect(() => new SessionClient({ address: 'localhost:1', timeoutMs: timeoutMs as number })).toThrow(RangeError);
    const client = connectTo({ address: 'localhost:1' });
    await expect(client.open('token', { timeoutMs: timeoutMs as number })).rejects.toThrow(RangeError);
  });
});

describe('an AbortSignal', () => {
  test('that is aborted already keeps the call from being sent', async () => {
    const sidecar = await start({ getSession: found });
    const opening = connectTo(sidecar).open('token', { signal: AbortSignal.abort('no longer needed') });
    await expect(opening).rejects.toMatchObject({ code: 'CANCELLED', cause: 'no longer needed' });
    expect(sidecar.calls).toEqual([]);
  });

  test('cancels the call in flight, at the sidecar too', async () => {
    const abort = new AbortController();
    let cancelled!: () => void;
    const seen = new Promise<void>((resolve) => (cancelled = resolve));
    const sidecar = await start({
      getSession(call) {
        call.on('cancelled', cancelled);
        abort.abort();
        return new Promise(() => {});
      },
    });
    expect(await codeOf(connectTo(sidecar).open('token', { signal: abort.signal }))).toBe('CANCELLED');
    await seen;
  });

  test('ends the pause between two tries', async () => {
    const abort = new AbortController();
    const sidecar = await start({
      getSession() {
        setImmediate(() => abort.abort());
        throw failure(status.UNAVAILABLE, 'DRAINING', { retryAfterMs: 20_000 });
      },
    });
    expect(await codeOf(connectTo(sidecar).open('token', { signal: abort.signal, timeoutMs: 25_000 }))).toBe(
      'CANCELLED',
    );
  });

  test('is let go of when the call has ended', async () => {
    const { signal } = new AbortController();
    const sidecar = await start({ getSession: failing(1, failure(status.UNAVAILABLE), found) });
    await connectTo(sidecar).open('token', { signal });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

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
  ])('with %s is tried again when the API says that it may run twice', async (_, error) => {
    const sidecar = await start({ getSession: failing(2, error, found) });
    expect((await connectTo(sidecar, 20_000).open('token')).get('a')).toBe(1);
    expect(sidecar.calls).toHaveLength(3);
  });

  test.each([
    ['UNAVAILABLE', failure(status.UNAVAILABLE)],
    ['STORE_UNAVAILABLE', unavailable],
  ])('with %s is not tried again when it must not run twice', async (code, error) => {
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
  ])('with %s is tried until its deadline in any case, because it certainly did not run', async (_, error) => {
    const sidecar = await start({ getSession: found, updateSession: failing(6, error, updated) });
    const session = await connectTo(sidecar, 20_000).open('token');
    session.set('a', 2);
    await session.save();
    expect(sidecar.calls).toEqual(['getSession', ...Array.from({ length: 7 }, () => 'updateSession')]);
  });

  test('is tried again no sooner than the trailer of gRPC asks', async () => {
    const sidecar = await start({ getSession: failing(1, pushback('5000'), found) });
    const opening = connectTo(sidecar).open('token', { timeoutMs: 4000 });
    await expect(opening).rejects.toMatchObject({ code: 'DRAINING', retryAfterMs: 5000 });
    expect(sidecar.calls).toHaveLength(1);
  });

  test.each(['-1', 'soon'])('is not tried again when the trailer of gRPC forbids it by %s', async (milliseconds) => {
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
  ])('with %s is not tried again', async (code, error) => {
    const sidecar = await start({ getSession: failing(1, error, found) });
    expect(await codeOf(connectTo(sidecar).open('token'))).toBe(code);
    expect(sidecar.calls).toHaveLength(1);
  });

  test('is tried four times at most when it may have run', async () => {
    const sidecar = await start({ getSession: failing(9, unavailable, found) });
    expect(await codeOf(connectTo(sidecar, 20_000).open('token'))).toBe('STORE_UNAVAILABLE');
    expect(sidecar.calls).toHaveLength(4);
  });

  test('is not tried again when the pause that the sidecar asks for goes past the deadline', async () => {
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

describe('the error of a failed call', () => {
  test('has the code, the facts and the advice that go with the reason, and the gRPC error as its cause', async () => {
    const metadata = { limit: '262144', setting: 'SESSION_SIDECAR_MAX_SESSION_SIZE' };
    const sidecar = await start({
      createSession() {
        throw failure(status.RESOURCE_EXHAUSTED, 'SESSION_TOO_LARGE', { metadata });
      },
    });
    const session = connectTo(sidecar).create();
    session.set('a', 1);
    const error = await session.save().catch((caught: unknown) => caught);
    expect(SessionError.is(error)).toBe(true);
    expect(error).toMatchObject({
      name: 'SessionError',
      code: 'SESSION_TOO_LARGE',
      metadata,
      violations: [],
      status: 413,
      cause: { code: status.RESOURCE_EXHAUSTED },
      message: expect.stringMatching(/^SESSION_TOO_LARGE: CreateSession at 127.*: made up\. Store less, or raise/),
    });
  });

  test.each<[status, string | undefined, SessionErrorCode]>([
    [status.UNIMPLEMENTED, undefined, 'UNIMPLEMENTED'],
    [status.PERMISSION_DENIED, undefined, 'UNKNOWN'],
    [status.UNAVAILABLE, 'A_REASON_OF_A_NEWER_SIDECAR', 'UNAVAILABLE'],
    [status.NOT_FOUND, undefined, 'UNKNOWN'],
  ])('of status %i with reason %s has the code %s', async (grpcStatus, reason, code) => {
    const sidecar = await start({
      createSession() {
        throw failure(grpcStatus, reason);
      },
    });
    expect(await codeOf(connectTo(sidecar).create().csrfToken())).toBe(code);
  });

  test('because the sidecar is too old for the call says so', async () => {
    const sidecar = await start({});
    await expect(connectTo(sidecar).create().csrfToken()).rejects.toMatchObject({
      code: 'UNIMPLEMENTED',
      message: expect.stringContaining('Use a sidecar that is at least as new as the client.'),
    });
  });
});

describe('the connection', () => {
  test('to an address without a sidecar fails with UNAVAILABLE and says what to check', async () => {
    const sidecar = await start({});
    sidecar.close();
    const opening = connectTo(sidecar).open('token');
    await expect(opening).rejects.toMatchObject({ code: 'UNAVAILABLE', status: 503 });
    await expect(opening).rejects.toThrow(`GetSession at ${sidecar.address} failed`);
    await expect(opening).rejects.toThrow('Check that the sidecar is running, and its address');
  });

  test('is made when the sidecar comes up after the client', async () => {
    const { address, close } = await start({});
    close();
    const client = connectTo({ address }, 20_000);
    expect(await codeOf(client.open('token', { timeoutMs: 1000 }))).toBe('UNAVAILABLE');
    const opening = client.open('token');
    await start({ getSession: found }, address);
    expect(await opening).toMatchObject({ origin: 'found' });
  });

  test('can be a Unix socket', async () => {
    const directory = stack.directory();
    const address = `unix:${join(directory, 'sidecar.sock')}`;
    await start({ getSession: found }, address);
    expect((await connectTo({ address }).open('token')).get('a')).toBe(1);
  });

  test('does not go through a proxy for the internet', async () => {
    const sidecar = await start({ getSession: found });
    process.env['http_proxy'] = 'http://127.0.0.1:1';
    stack.defer(() => delete process.env['http_proxy']);
    expect((await connectTo(sidecar).open('token')).get('a')).toBe(1);
  });

  test('that was closed rejects calls at once', async () => {
    const sidecar = await start({ getSession: found });
    const client = connectTo(sidecar);
    client.close();
    expect(await codeOf(client.open('token'))).toBe('CANCELLED');
  });

  test.each(['', 'localhost', 'http://localhost:50051', 'localhost:port', 50051, undefined])(
    'is refused to the address %p',
    (address) => {
      expect(() => new SessionClient({ address: address as string })).toThrow(TypeError);
    },
  );
});

test('gRPC metadata of a call reaches the sidecar', async () => {
  let traceparent: unknown;
  const sidecar = await start({
    getSession(call) {
      traceparent = call.metadata.get('traceparent');
      return found();
    },
  });
  await connectTo(sidecar).open('token', { metadata: { traceparent: '00-trace' } });
  expect(traceparent).toEqual(['00-trace']);
});

test('open() takes a token that the sidecar refuses as a request for one that is not genuine', async () => {
  const sidecar = await start({
    getSession() {
      throw failure(status.INVALID_ARGUMENT, 'INVALID_ARGUMENT');
    },
  });
  expect(await connectTo(sidecar).open('token')).toMatchObject({ origin: 'token_invalid', isNew: true, state: 'new' });
});
