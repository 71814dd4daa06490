import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import { codeOf, connect } from '../support/client';
import { failure, sessionWith } from '../support/fake-sidecar';
import { until } from '../support/poll';
import { freeAddress } from '../support/free-port';
import { stackForEachTest } from '../support/stack';

/*
 * The clock is set while calls are in flight. Deadlines are about how long callers wait, so nothing must change. Where a
 * deadline moved with the clock, the test would end by its own timeout.
 */

const hour = 3_600_000;

type TransportName = 'pipeline' | 'unary';
const stack = stackForEachTest();

afterEach(() => {
  jest.restoreAllMocks();
});

function setClock(milliseconds: number): void {
  const now = Date.now.bind(Date);
  jest.spyOn(Date, 'now').mockImplementation(() => now() + milliseconds);
}

const connectTo = (address: string, transport: TransportName) => stack.use(connect({ address }, { transport }));

/** Answers calls with the token `answered` and no others. */
async function startSilentSidecar(transport: TransportName): Promise<{ address: string; received(): number }> {
  if (transport === 'pipeline') {
    const sidecar = await stack.fakePipeline({ onCall: () => undefined });
    return { address: sidecar.address, received: () => sidecar.streams.flatMap(({ calls }) => calls).length };
  }
  const sidecar = await stack.fakeSidecar({ getSession: () => new Promise(() => {}) });
  return { address: sidecar.address, received: () => sidecar.calls.length };
}

describe.each(['pipeline', 'unary'] as const)('over %s', (transport) => {
  test('a call that gets no answer ends at its deadline, though the clock was set back', async () => {
    const sidecar = await startSilentSidecar(transport);
    const opening = codeOf(connectTo(sidecar.address, transport).open('token', { timeoutMs: 500 }));
    await until('the call to arrive', () => sidecar.received() === 1);
    setClock(-hour);
    expect(await opening).toBe('DEADLINE_EXCEEDED');
  });

  test('a call in flight goes on, though the clock was set forward and another call reaches its deadline', async () => {
    const sidecar = await startSilentSidecar(transport);
    const client = connectTo(sidecar.address, transport);
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
    const address = await freeAddress();
    const client = connectTo(address, transport);
    const opening = codeOf(client.open('token'));
    await new Promise((resolve) => setImmediate(resolve));
    setClock(shift);
    const timeouts: number[] = [];
    if (transport === 'pipeline') {
      await stack.fakePipeline({
        address,
        onCall(call, stream) {
          timeouts.push(call.timeoutMs);
          stream.answer(call);
        },
      });
    } else {
      const getSession = (call: { getDeadline(): number | Date }) => {
        timeouts.push(Number(call.getDeadline()) - Date.now());
        return { session: sessionWith() };
      };
      await stack.fakeSidecar({ getSession }, address);
    }
    expect(await opening).toBe('no error');
    expect(timeouts).toHaveLength(1);
    expect(timeouts[0]).toBeGreaterThan(0);
    expect(timeouts[0]).toBeLessThanOrEqual(20_000);
  });
});

test('a pause between two tries ends, and the call is tried again, though the clock was set forward', async () => {
  const sidecar = await stack.fakeSidecar({
    getSession(_, attempt) {
      if (attempt > 1) return { session: sessionWith() };
      setClock(hour);
      throw failure(status.UNAVAILABLE, 'DRAINING');
    },
  });
  stack.defer(() => sidecar.close());
  expect(await codeOf(connectTo(sidecar.address, 'unary').open('token'))).toBe('no error');
  expect(sidecar.calls).toHaveLength(2);
});
