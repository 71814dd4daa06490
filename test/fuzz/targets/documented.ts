import assert from 'node:assert/strict';
import { statusOf } from '../../../server/src/rpc/status';
import type { RpcFailure } from '../../support/raw-grpc';

const statusNames: Readonly<Record<number, string>> = {
  3: 'INVALID_ARGUMENT',
  5: 'NOT_FOUND',
  8: 'RESOURCE_EXHAUSTED',
  10: 'ABORTED',
  14: 'UNAVAILABLE',
  16: 'UNAUTHENTICATED',
};

/** What gRPC itself fails with, before any code of the sidecar sees the call. */
const fromGrpc = new Set(['DEADLINE_EXCEEDED', 'CANCELLED', 'UNIMPLEMENTED', 'RESOURCE_EXHAUSTED']);

/** Longest text that a refusal may carry: what does not grow with the request. */
const mostDetails = 8192;

/** Checks that a failure is one of docs/reference/errors.md, and none that stands for a fault of the sidecar. */
export function assertDocumented({ status, reason, domain, message, violations }: RpcFailure): void {
  assert.notEqual(status, 'INTERNAL', `INTERNAL: ${message}`);
  assert.notEqual(status, 'UNKNOWN', `UNKNOWN: ${message}`);
  const texts = message.length + JSON.stringify(violations).length;
  assert.ok(texts <= mostDetails, `a refusal of ${texts} bytes`);
  if (reason === undefined) {
    assert.ok(fromGrpc.has(status), `${status} without a reason: ${message}`);
    return;
  }
  assert.equal(domain, 'session.v1');
  assert.ok(Object.hasOwn(statusOf, reason), `no reason of docs/reference/errors.md: ${reason}`);
  assert.equal(status, statusNames[statusOf[reason as keyof typeof statusOf]]);
}
