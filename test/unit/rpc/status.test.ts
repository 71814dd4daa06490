import pino from 'pino';
import { describe, expect, test } from '@jest/globals';
import { BadRequest } from '@session-sidecar/proto/google/rpc/error_details';
import { toServiceError, toStatus } from '../../../server/src/rpc/status';
import { invalidArgument, SessionError, storeUnavailable } from '../../../server/src/session/errors';

const logger = pino({ level: 'silent' });

/** What an HTTP/2 header list takes, as clients that limit it count (RFC 9113, 6.5.2). */
function headerBytes(error: ReturnType<typeof toServiceError>): number {
  const headers = { ...error.metadata.toHttp2Headers(), 'grpc-message': encodeURI(error.details), 'grpc-status': '3' };
  return Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + String(value).length + 32, 0);
}

describe('a status', () => {
  test.each([
    ['many fields are wrong', 100_000, 10],
    ['a few fields with long paths and descriptions are wrong', 8, 100_000],
    ['both', 1000, 1000],
  ])('is smaller than 8 KiB of headers when %s', (_, count, length) => {
    const violations = Array.from({ length: count }, (__, n) => ({
      field: `mutations[${n}].${' '.repeat(length)}`,
      description: '%'.repeat(length),
    }));
    const error = toServiceError(toStatus(invalidArgument(violations), 'CreateSession', logger));
    expect(headerBytes(error)).toBeLessThan(8 * 1024);
  });

  test('names the first fields that are wrong, and says how many more there are', () => {
    const violations = Array.from({ length: 20 }, (_, n) => ({ field: `field ${n}`, description: 'wrong' }));
    const { details } = toStatus(invalidArgument(violations), 'CreateSession', logger);
    const { fieldViolations } = BadRequest.decode(details[1]!.value);
    expect(fieldViolations.map(({ field, description }) => `${field}: ${description}`)).toEqual([
      ...violations.slice(0, 8).map(({ field }) => `${field}: wrong`),
      ': 12 more fields are wrong.',
    ]);
  });

  test.each([
    ['draining', new SessionError('DRAINING', ''), ['100']],
    ['overload', new SessionError('OVERLOADED', ''), ['100']],
    ['a store that did not answer, nothing changed', storeUnavailable(false), ['100']],
    ['a store that did not answer, perhaps changed', storeUnavailable(true), []],
    ['a dead token', new SessionError('SESSION_NOT_FOUND', ''), []],
  ])('tells gRPC libraries when to try again, if nothing was changed: %s', (_, error, expected) => {
    const { metadata } = toServiceError(toStatus(error, 'UpdateSession', logger));
    expect(metadata.get('grpc-retry-pushback-ms')).toEqual(expected);
  });
});
