import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import { SessionClient, SessionError } from '@session-sidecar/client';
import { startFakePipeline } from '../support/fake-pipeline';
import { failure, sessionWith, startFakeSidecar } from '../support/fake-sidecar';
import { until } from '../support/poll';
import { freePort } from '../support/redis';

/*
 * The clock is set while calls are in flight. Deadlines are about how long callers wait, so nothing must change. Where a
 * deadline moved with the clock, the test would end by its own timeout.
 */

const hour = 3_600_000;
const closing: (() => void)[] = [];

afterEach(() => {
  jest.restoreAllMocks();
  for (const close of closing.splice(0)) close();
});

function setClock(milliseconds: number): void {
  const now = Date.now.bind(Date);
  jest.spyOn(Date, 'now').mockImplementation(() => now() + milliseconds);
}

function connect(address: string, transport: 'pipeline' | 'unary'): SessionClient {
  const client = new SessionClient({ address, transport, timeoutMs: 20_000 });
  closing.push(() => client.close());
  return client;
}

/** Answers calls with the token `answered` and no others. */
async function startSilentSidecar(transport: 'pipeline' | 'unary'): Promise<{ address: string; received(): number }> {
  if (transport === 'pipeline') {
    const sidecar = await startFakePipeline({ onCall: () => undefined });
    closing.push(() => sidecar.close());
    return { address: sidecar.address, received: () => sidecar.streams.flatMap(({ calls }) => calls).length };
  }
  const sidecar = await startFakeSidecar({ getSession: () => new Promise(() => {}) });
  closing.push(() => sidecar.close());
  return { address: sidecar.address, received: () => sidecar.calls.length };
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => (SessionError.is(error) ? error.code : error),
  );

describe.each(['pipeline', 'unary'] as const)('over %s', (transport) => {
  test('a call that gets no answer ends at its deadline, though the clock was set back', async () => {
    const sidecar = await startSilentSidecar(transport);
    const opening = codeOf(connect(sidecar.address, transport).open('token', { timeoutMs: 500 }));
    await until('the call to arrive', () => sidecar.received() === 1);
    setClock(-hour);
    expect(await opening).toBe('DEADLINE_EXCEEDED');
  });

  test('a call in flight goes on, though the clock was set forward and another call reaches its deadline', async () => {
    const sidecar = await startSilentSidecar(transport);
    const client = connect(sidecar.address, transport);
    const abort = new AbortController();
    const long = codeOf(client.open('token', { signal: abort.signal }));
    const short = codeOf(client.open('token', { timeoutMs: 500 }));
    await until('the calls to arrive', () => sidecar.received() === 2);
    setClock(hour);
    expect(await short).toBe('DEADLINE_EXCEEDED');
    abort.abort();
    expect(await long).toBe('CANCELLED');
  });

  test.each([-hour, hour])('a call that waits for a sidecar is sent, though the clock was set by %i', async (shift) => {
    const address = `127.0.0.1:${await freePort()}`;
    const client = connect(address, transport);
    const opening = codeOf(client.open('token'));
    await new Promise((resolve) => setImmediate(resolve));
    setClock(shift);
    const timeouts: number[] = [];
    if (transport === 'pipeline') {
      const sidecar = await startFakePipeline({
        address,
        onCall(call, stream) {
          timeouts.push(call.timeoutMs);
          stream.answer(call);
        },
      });
      closing.push(() => sidecar.close());
    } else {
      const getSession = (call: { getDeadline(): number | Date }) => {
        timeouts.push(Number(call.getDeadline()) - Date.now());
        return { session: sessionWith() };
      };
      const sidecar = await startFakeSidecar({ getSession }, address);
      closing.push(() => sidecar.close());
    }
    expect(await opening).toBe('no error');
    expect(timeouts).toHaveLength(1);
    expect(timeouts[0]).toBeGreaterThan(0);
    expect(timeouts[0]).toBeLessThanOrEqual(20_000);
  });
});

test('a pause between two tries ends, and the call is tried again, though the clock was set forward', async () => {
  const sidecar = await startFakeSidecar({
    getSession(_, attempt) {
      if (attempt > 1) return { session: sessionWith() };
      setClock(hour);
      throw failure(status.UNAVAILABLE, 'DRAINING');
    },
  });
  closing.push(() => sidecar.close());
  expect(await codeOf(connect(sidecar.address, 'unary').open('token'))).toBe('no error');
  expect(sidecar.calls).toHaveLength(2);
});
