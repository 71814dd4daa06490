import { SessionError } from '../errors/session-error';
import type { SessionErrorCode } from '../errors/session-error';

/** Calls of one session that were made together: pops of different flash queues, and saves. */
export interface JointCalls {
  readonly queues: Set<string>;
  saves: boolean;
}

/** The turn that they share. */
export interface JointTurn extends JointCalls {
  readonly outcome: Promise<JointOutcome>;
}

/** What became of each call, as if it had been made by itself. */
export interface JointOutcome {
  readonly popped: ReadonlyMap<string, PromiseSettledResult<unknown[]>>;
  readonly saved: PromiseSettledResult<void>;
}

export async function settled<Value>(work: () => Value | Promise<Value>): Promise<PromiseSettledResult<Value>> {
  try {
    return { status: 'fulfilled', value: await work() };
  } catch (reason) {
    return { status: 'rejected', reason };
  }
}

export function valueOf<Value>(result: PromiseSettledResult<Value>): Value {
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}

/** Nothing was changed, because of what the call asked for. */
const refusals: ReadonlySet<SessionErrorCode> = new Set([
  'INVALID_ARGUMENT',
  'SESSION_TOO_LARGE',
  'TOO_MANY_KEYS',
  'FLASH_QUEUE_FULL',
  'REQUEST_TOO_LARGE',
  'TOO_MANY_SESSIONS',
]);

/** Whether a call failed before it changed anything, because of what it asked for or because the client cannot encode it. */
export function isRefusal(error: unknown): boolean {
  return !SessionError.is(error) || refusals.has(error.code);
}
