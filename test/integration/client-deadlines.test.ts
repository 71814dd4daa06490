import { getEventListeners } from 'node:events';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { SessionClient } from '@session-sidecar/client';
import { codeOf, connect } from '../support/client';
import { failure, sessionWith } from '../support/fake-sidecar';
import type { Answer, Answers } from '../support/fake-sidecar';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();
const start = (answers: Answers, address?: string) => stack.fakeSidecar(answers, address);

/** With the default time, unless a call has its own. */
const connectTo = (sidecar: { address: string }, timeoutMs?: number) => stack.use(connect(sidecar, { timeoutMs }));

const found = () => ({ session: sessionWith({ a: '1' }) });
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
  test('that is already aborted prevents the call from being sent', async () => {
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

  test('ends the pause between two attempts', async () => {
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

  test('is released when the call has ended', async () => {
    const { signal } = new AbortController();
    const sidecar = await start({ getSession: failing(1, failure(status.UNAVAILABLE), found) });
    await connectTo(sidecar).open('token', { signal });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
