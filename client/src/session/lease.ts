import { randomUUID } from 'node:crypto';
import { SessionError } from '../errors/session-error';
import { Backoff } from '../transport/backoff';
import { startCall } from '../transport/call-options';
import type { CallOptions } from '../transport/call-options';
import { pause } from '../transport/retrying-transport';
import type { SessionContext } from './live-session';
import { assertMilliseconds } from './milliseconds';
import { replySession } from './replies';
import { durationOf } from './session-update';
import type { Found } from './stored-session';

/** Options of a lock. The call options apply to each call that it makes, and the signal to waiting, too. */
export interface LockOptions extends CallOptions {
  /**
   * After how long the lease ends by itself, in milliseconds from 100 to 300,000: longer than the work takes, and no longer than
   * others should wait after a crash. It is not renewed. Default: 10,000.
   */
  readonly lease?: number | undefined;
  /** How long to wait while another holder has the lease, in milliseconds from 0 up; 0: do not wait. Default: 5000. */
  readonly wait?: number | undefined;
}

/** A session with its lease. */
export interface Leased extends Found {
  readonly fence: number;
}

const leaseRange = { min: 100, max: 300_000 };
const waitRange = { min: 0, max: 2 ** 31 - 1 };

/** Short, because most leases are: requests wait for what another request does. */
const backoff = { first: 10, max: 100, maxRequested: 0 };

/** Tries until the lease is acquired, another failure than LEASE_HELD occurs, or `wait` is over. */
export async function acquireLease(
  { transport, timeoutMs }: SessionContext,
  token: string,
  options: LockOptions,
): Promise<Leased> {
  const { lease = 10_000, wait = 5000, signal } = options;
  assertMilliseconds('lease', lease, leaseRange);
  assertMilliseconds('wait', wait, waitRange);
  const request = { token, duration: durationOf(lease), holder: randomUUID() };
  const waitsUntil = performance.now() + wait;
  const pauses = new Backoff(backoff);
  for (;;) {
    try {
      const reply = await transport.call('acquireLease', request, startCall(options, timeoutMs));
      return { token, session: replySession(reply), fence: reply.fence };
    } catch (error) {
      const left = waitsUntil - performance.now();
      if (!SessionError.is(error) || error.code !== 'LEASE_HELD' || left <= 0) throw error;
      // At least 1 ms, or a pause of almost nothing would make a loop of calls. The last attempt is made when `wait` is over.
      await pause(Math.min(Math.max(pauses.next(), 1), left), { deadline: Infinity, signal }, error);
    }
  }
}

/** Never rejects: what was done is done, and a lease that is not released ends by itself. */
export async function releaseLease(
  { transport, timeoutMs }: SessionContext,
  token: string,
  fence: number,
  { metadata }: CallOptions,
): Promise<void> {
  try {
    await transport.call('releaseLease', { token, fence }, startCall({ metadata }, timeoutMs));
  } catch {
    // The lease ends by itself.
  }
}
