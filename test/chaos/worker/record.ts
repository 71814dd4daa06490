import { SessionError } from '@session-sidecar/client';
import { RpcFailure } from '../../support/raw-grpc';
import { now } from '../clock';
import type { Call, Failure, Operation, Outcome } from '../history';
import type { Connection } from './connection';
import { perform } from './perform';
import { NotPerformed } from './performed';
import type { Held, Performed } from './performed';

export interface Attempt {
  readonly id: string;
  readonly process: string;
  /** The name of the session; a `create` has its own id here. */
  readonly session: string;
  readonly tokenName: string;
  readonly token: string;
  readonly call: Call;
  readonly idleTimeoutMs?: number | undefined;
  /** The lease that an update or a release names. */
  readonly held?: Held | undefined;
  /** The token that `except` names. */
  readonly exceptToken?: string | undefined;
  readonly timeoutMs: number;
  /** Cancels the call after this many ms. */
  readonly cancelAfterMs?: number | undefined;
}

export interface Attempted {
  readonly operation: Operation;
  /** `undefined` if it failed. */
  readonly performed: Performed | undefined;
}

/** A call that outlasts its deadline by more than this is recorded as one that never ended, in ms. */
const graceMs = 5000;

/** Makes a call and records its outcome. Never rejects. */
export async function attempt(connection: Connection, asked: Attempt): Promise<Attempted> {
  const { id, process, session, tokenName, token, call, timeoutMs, cancelAfterMs } = asked;
  const { idleTimeoutMs, held, exceptToken } = asked;
  const giveUp = new AbortController();
  const cancel = cancelAfterMs === undefined ? undefined : setTimeout(() => giveUp.abort(), cancelAfterMs);
  const invoked = now();
  const options = { timeoutMs, ...(cancel !== undefined && { signal: giveUp.signal }) };
  let tooLong: NodeJS.Timeout | undefined;
  const never = new Promise<Outcome>((resolve) => {
    tooLong = setTimeout(() => resolve({ status: 'open' }), timeoutMs + graceMs);
  });
  const answer = perform(connection, { id, call, token, idleTimeoutMs, held, exceptToken, options }).catch(failureOf);
  const outcome: Outcome | Performed = await Promise.race([answer, never]);
  clearTimeout(tooLong);
  clearTimeout(cancel);
  const completed = outcome.status === 'open' ? Infinity : now();
  const operation: Operation = {
    ...{ id, process, sidecar: connection.sidecar, session, token: tokenName, call, invoked, completed },
    ...{ deadline: invoked + timeoutMs, outcome: withoutSecrets(outcome) },
    ...(giveUp.signal.aborted && { cancelled: true }),
  };
  return { operation, performed: outcome.status === 'ok' ? outcome : undefined };
}

/** Removes tokens, because the history is written to files. */
function withoutSecrets(outcome: Outcome | Performed): Outcome {
  if (outcome.status !== 'ok') return outcome;
  const { token: _token, handle: _handle, held: _held, ...kept }: Performed = outcome;
  return kept;
}

/** The codes that mean that nothing was changed. */
const refusals = new Set([
  ...['SESSION_NOT_FOUND', 'TOKEN_INVALID', 'VERSION_MISMATCH', 'INVALID_ARGUMENT', 'SESSION_TOO_LARGE'],
  ...['TOO_MANY_KEYS', 'FLASH_QUEUE_FULL', 'STORE_FULL', 'REQUEST_TOO_LARGE', 'DRAINING', 'OVERLOADED'],
  ...['LEASE_HELD', 'LEASE_LOST', 'TOO_MANY_SESSIONS'],
]);

function failureOf(error: unknown): Failure {
  if (error instanceof NotPerformed) return { status: 'failed', code: error.code, maybeApplied: false };
  if (error instanceof RpcFailure) return failedWith(error.reason ?? error.status, error.metadata);
  if (SessionError.is(error)) return failedWith(error.code, error.metadata);
  // An unexpected error is recorded by its own name, and reported by a check.
  return { status: 'failed', code: String(error), maybeApplied: true };
}

function failedWith(code: string, metadata: Readonly<Record<string, string>>): Failure {
  return { status: 'failed', code, maybeApplied: !refusals.has(code) && metadata['maybe_applied'] !== 'false' };
}
