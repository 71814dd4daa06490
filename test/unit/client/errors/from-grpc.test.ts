import { describe, expect, test } from '@jest/globals';
import { Metadata, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { ErrorInfo } from '@session-sidecar/proto/google/rpc/error_details';
import { Status } from '@session-sidecar/proto/google/rpc/status';
import pino from 'pino';
import { fromGrpcError } from '../../../../client/src/errors/from-grpc';
import { toServiceError, toStatus } from '../../../../server/src/rpc/status';
import { invalidArgument, storeUnavailable } from '../../../../server/src/session/errors';

const logger = pino({ level: 'silent' });
const call = 'GetSession at localhost:50051';

/** An error as grpc-js reports it. */
function grpcError(code: status, details: string, metadata: Metadata): ServiceError {
  return Object.assign(new Error(details), { code, details, metadata });
}

function withTrailers(code: status, details: string, trailers: Record<string, string | Buffer> = {}): ServiceError {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(trailers)) metadata.set(name, value);
  return grpcError(code, details, metadata);
}

/** An error as the sidecar sends it. */
function sidecarError(error: unknown): ServiceError {
  const { code, details, metadata } = toServiceError(toStatus(error, 'GetSession', logger));
  return grpcError(status[status[code] as keyof typeof status], details, metadata);
}

describe('an error of the sidecar', () => {
  test('has the reason as its code, with metadata, violations and delay', () => {
    const violations = [{ field: 'token', description: 'Expected a token.' }];
    expect(fromGrpcError(sidecarError(invalidArgument(violations)), call)).toMatchObject({
      code: 'INVALID_ARGUMENT',
      violations,
    });
    expect(fromGrpcError(sidecarError(storeUnavailable(true)), call)).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      metadata: { maybe_applied: 'true' },
      retryAfterMs: 100,
    });
  });

  test('of another domain counts by its status', () => {
    const info = { reason: 'SESSION_NOT_FOUND', domain: 'other.v1', metadata: new Map() };
    const details = [
      { typeUrl: 'type.googleapis.com/google.rpc.ErrorInfo', value: Buffer.from(ErrorInfo.encode(info).finish()) },
    ];
    const foreign = Status.encode({ code: 14, message: '', details }).finish();
    const error = withTrailers(status.UNAVAILABLE, 'away', { 'grpc-status-details-bin': Buffer.from(foreign) });
    expect(fromGrpcError(error, call).code).toBe('UNAVAILABLE');
  });

  test('whose details cannot be decoded counts by its status', () => {
    const error = withTrailers(status.UNAVAILABLE, 'away', { 'grpc-status-details-bin': Buffer.from([0xff]) });
    expect(fromGrpcError(error, call).code).toBe('UNAVAILABLE');
  });
});

describe('a status without details', () => {
  test.each([
    [status.DEADLINE_EXCEEDED, 'DEADLINE_EXCEEDED'],
    [status.CANCELLED, 'CANCELLED'],
    [status.UNIMPLEMENTED, 'UNIMPLEMENTED'],
    [status.RESOURCE_EXHAUSTED, 'SESSION_TOO_LARGE'],
    [status.ALREADY_EXISTS, 'UNKNOWN'],
  ])('%s is %s', (code, expected) => {
    expect(fromGrpcError(withTrailers(code, ''), call).code).toBe(expected);
  });

  test('names the call, ends with one full stop, and keeps its cause', () => {
    const cause = withTrailers(status.UNAVAILABLE, 'No connection established');
    const { message, cause: kept } = fromGrpcError(cause, call);
    expect(message).toMatch(/^UNAVAILABLE: GetSession at localhost:50051 failed: No connection established\. Check/);
    expect(kept).toBe(cause);
    expect(fromGrpcError(withTrailers(status.UNAVAILABLE, 'Away!'), call).message).toContain('failed: Away! Check');
  });
});

test.each([
  ['250', 250],
  ['0', 0],
  ['-1', Infinity],
  ['soon', Infinity],
])('a pushback of %s ms is a delay of %s ms', (pushback, expected) => {
  const error = withTrailers(status.UNAVAILABLE, 'busy', { 'grpc-retry-pushback-ms': pushback });
  expect(fromGrpcError(error, call).retryAfterMs).toBe(expected);
});
