import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { describe, expect, test } from '@jest/globals';
import { SessionServiceDefinition } from '@session-sidecar/proto/session/v1/session_service';
import { decodeBounded } from '../../../server/src/rpc/bounded-decoding';
import { SessionError } from '../../../server/src/session/errors';
import { encodeRequest, methods, mutation } from '../../support/raw-grpc';
import type { MethodName } from '../../support/raw-grpc';

const names = Object.keys(methods) as MethodName[];
const size = 4 * 1024 * 1024;

function failureOf(method: MethodName, bytes: Uint8Array, maxMutations = 1000): SessionError {
  const refused: string[] = [];
  const observer = { refused: (limit: string) => refused.push(limit) };
  try {
    decodeBounded(SessionServiceDefinition.methods[method].requestType, bytes, { maxMutations, observer });
  } catch (error) {
    if (error instanceof SessionError) {
      expect(refused).toEqual(error.reason === 'REQUEST_TOO_LARGE' ? ['mutations'] : []);
      return error;
    }
    throw error;
  }
  throw new Error('Expected the bytes to be refused.');
}

const repeated = (...bytes: readonly number[]): Buffer => Buffer.alloc(size, Buffer.from(bytes));

describe('a request of 4 MiB', () => {
  test.each(names)('of empty parts is refused after the first thousands, for %s', (method) => {
    // Field 1, whatever it is, with nothing in it.
    const { reason, metadata } = failureOf(method, repeated(0x0a, 0x00));
    expect(reason).toBe('REQUEST_TOO_LARGE');
    expect(metadata).toEqual({ limit: '1000', setting: 'SESSION_SIDECAR_MAX_MUTATIONS' });
  });

  test.each(names)('of fields that nothing knows is refused after the first thousands, for %s', (method) => {
    expect(failureOf(method, repeated(0x78, 0x00)).reason).toBe('REQUEST_TOO_LARGE');
  });

  test.each(names)('of groups in groups is no message, for %s', (method) => {
    expect(failureOf(method, repeated(0x7b)).reason).toBe('INVALID_ARGUMENT');
  });

  test('of many kinds in one mutation is refused, however deep', () => {
    const inner = Buffer.alloc(1_000_000, Buffer.from([0x0a, 0x00]));
    const bytes = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(inner).finish();
    expect(failureOf('createSession', bytes).reason).toBe('REQUEST_TOO_LARGE');
  });
});

describe('a request with as many mutations as are allowed', () => {
  const withMutations = (count: number, value: string): Buffer =>
    encodeRequest('createSession', {
      mutations: Array.from({ length: count }, (_, n) =>
        n % 2 === 0 ? mutation.set(`key ${n}`, value) : mutation.pushFlash('queue', value, true),
      ),
    });

  test.each(['1', JSON.stringify('x'.repeat(100))])('is decoded, small or large', (value) => {
    const { requestType } = SessionServiceDefinition.methods.createSession;
    const observer = { refused: () => undefined };
    const bytes = withMutations(1000, value);
    expect(decodeBounded(requestType, bytes, { maxMutations: 1000, observer })).toEqual(requestType.decode(bytes));
  });

  test.each(['1', JSON.stringify('x'.repeat(100))])('and one more is refused, small or large', (value) => {
    expect(failureOf('createSession', withMutations(1001, value)).reason).toBe('REQUEST_TOO_LARGE');
    expect(failureOf('createSession', withMutations(11, value), 10).metadata['limit']).toBe('10');
  });
});
