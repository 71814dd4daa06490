import { ReplyError } from 'ioredis';
import { SessionError, storeFull, storeUnavailable, UnreadableRecordError } from '../../session/errors';

/** A failed command. */
export interface FailedCommand {
  /** The session that it was about; `undefined`: none. */
  readonly handle?: string;
  /** Whether the command may have changed something if Redis did not answer. */
  readonly isChange: boolean;
}

/** The error for callers of the store when a command fails with `error`. */
export function toStoreError(error: unknown, { handle, isChange }: FailedCommand): unknown {
  if (error instanceof SessionError) return error;
  const code = codeOf(error);
  if (code === undefined) return storeUnavailable(isChange, error);
  if (code === 'OOM') return storeFull(error);
  if (code === 'WRONGTYPE' && handle !== undefined) return new UnreadableRecordError(handle, 'foreign_type');
  if (unavailableCodes.has(code)) return storeUnavailable(false, error);
  return error;
}

/** The first word of an error reply is its code (https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors). */
export function codeOf(error: unknown): string | undefined {
  return error instanceof ReplyError ? (error as Error).message.split(' ', 1)[0] : undefined;
}

/** Redis rejected the command without executing it, for a temporary reason. */
const unavailableCodes = new Set([
  'BUSY',
  'CLUSTERDOWN',
  'LOADING',
  'MASTERDOWN',
  'MISCONF',
  'NOAUTH',
  'NOPERM',
  'NOREPLICAS',
  'NOSCRIPT',
  'READONLY',
  'TRYAGAIN',
]);
