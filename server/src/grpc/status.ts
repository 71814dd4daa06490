import { randomUUID } from 'node:crypto';
import { Metadata, status } from '@grpc/grpc-js';
import { BadRequest, ErrorInfo, RetryInfo } from '@session-sidecar/proto/google/rpc/error_details';
import { Status } from '@session-sidecar/proto/google/rpc/status';
import type { Logger } from 'pino';
import { SessionError } from '../session/errors';
import type { Reason } from '../session/errors';

/** The only place that decides which gRPC status a reason becomes. */
export const statusOf = {
  SESSION_NOT_FOUND: status.NOT_FOUND,
  TOKEN_INVALID: status.UNAUTHENTICATED,
  VERSION_MISMATCH: status.ABORTED,
  INVALID_ARGUMENT: status.INVALID_ARGUMENT,
  SESSION_TOO_LARGE: status.RESOURCE_EXHAUSTED,
  TOO_MANY_KEYS: status.RESOURCE_EXHAUSTED,
  FLASH_QUEUE_FULL: status.RESOURCE_EXHAUSTED,
  STORE_UNAVAILABLE: status.UNAVAILABLE,
  STORE_FULL: status.RESOURCE_EXHAUSTED,
  DRAINING: status.UNAVAILABLE,
  INTERNAL: status.INTERNAL,
  REQUEST_TOO_LARGE: status.RESOURCE_EXHAUSTED,
  OVERLOADED: status.UNAVAILABLE,
  API_TOKEN_INVALID: status.UNAUTHENTICATED,
} as const satisfies Record<Reason | 'INTERNAL', status>;

/** The `domain` of every `google.rpc.ErrorInfo` this service sends. */
export const errorDomain = 'session.v1';

/** How long a client should wait before it tries again what failed because of the moment. */
const retryDelay = { seconds: 0, nanos: 100_000_000 };

/**
 * The one door out for failures. Known ones go with their reason; anything else becomes INTERNAL with a fixed text and an
 * error id, and only the log learns what it was.
 */
export function toStatus(error: unknown, method: string, logger: Logger): Status {
  const known = error instanceof SessionError ? error : hidden(error, method, logger);
  const details = [
    anyOf(ErrorInfo, { reason: known.reason, domain: errorDomain, metadata: new Map(Object.entries(known.metadata)) }),
  ];
  if (known.violations.length > 0) {
    const fieldViolations = known.violations.map((violation) => ({
      ...violation,
      reason: '',
      localizedMessage: undefined,
    }));
    details.push(anyOf(BadRequest, { fieldViolations }));
  }
  if (statusOf[known.reason] === status.UNAVAILABLE) details.push(anyOf(RetryInfo, { retryDelay }));
  return { code: statusOf[known.reason], message: known.message, details };
}

/** A status as grpc-js wants it, with its details in the trailer that gRPC libraries read them from. */
export function toServiceError({ code, message, details }: Status) {
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(Status.encode({ code, message, details }).finish()));
  return { code, details: message, metadata };
}

function hidden(error: unknown, method: string, logger: Logger) {
  const errorId = randomUUID();
  logger.error({ errorId, method, err: error }, 'call failed');
  return {
    reason: 'INTERNAL' as const,
    message: `Internal error ${errorId}. The sidecar's log says more.`,
    metadata: { error_id: errorId },
    violations: [],
  };
}

interface MessageType<T> {
  encode(message: T): { finish(): Uint8Array };
}

const typeNames = new Map<unknown, string>([
  [ErrorInfo, 'google.rpc.ErrorInfo'],
  [BadRequest, 'google.rpc.BadRequest'],
  [RetryInfo, 'google.rpc.RetryInfo'],
]);

function anyOf<T>(type: MessageType<T>, message: T) {
  const typeUrl = `type.googleapis.com/${typeNames.get(type) ?? ''}`;
  return { typeUrl, value: Buffer.from(type.encode(message).finish()) };
}
