import { status } from '@grpc/grpc-js';
import type { sendUnaryData, ServerUnaryCall, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { Duration } from '@session-sidecar/proto/google/protobuf/duration';
import { Timestamp } from '@session-sidecar/proto/google/protobuf/timestamp';
import type { TestControl } from '../session/test-control';
import type { Method } from './connections/stream-gate';

const service = '/session.testing.v1.TestControl';
const advanceClock = `${service}/AdvanceClock`;
const reset = `${service}/Reset`;

/**
 * `session.testing.v1.TestControl`, as docs/guide/testing.md defines it. It has no .proto file in `proto/`, which is what all
 * applications get: its messages are those of protobuf itself.
 */
export const testControlDefinition: ServiceDefinition = {
  advanceClock: {
    path: advanceClock,
    ...{ requestStream: false, responseStream: false },
    requestSerialize: toBuffer(Duration),
    requestDeserialize: (bytes: Buffer) => Duration.decode(bytes),
    responseSerialize: toBuffer(Timestamp),
    responseDeserialize: (bytes: Buffer) => Timestamp.decode(bytes),
  },
  reset: {
    path: reset,
    ...{ requestStream: false, responseStream: false },
    ...{ requestSerialize: noBytes, requestDeserialize: noBytes },
    ...{ responseSerialize: noBytes, responseDeserialize: noBytes },
  },
};

/** For the stream gate. */
export const testControlMethods: readonly [path: string, Method][] = [advanceClock, reset].map((path) => [
  path,
  { isUnary: true, isPipeline: false, needsToken: false },
]);

export function testControlHandlers(control: TestControl): UntypedServiceImplementation {
  return {
    advanceClock: ({ request }: ServerUnaryCall<Duration, Timestamp>, answer: sendUnaryData<Timestamp>) => {
      const milliseconds = Math.round(request.seconds * 1000 + request.nanos / 1e6);
      if (!(milliseconds >= 0 && control.advance(0) + milliseconds <= maxTime)) {
        const details = `Expected a duration from 0 up that ends before the year 10000, got ${milliseconds / 1000} s.`;
        answer({ code: status.INVALID_ARGUMENT, details });
        return;
      }
      const now = control.advance(milliseconds);
      answer(null, { seconds: Math.floor(now / 1000), nanos: (now % 1000) * 1e6 });
    },
    reset: (_call: unknown, answer: sendUnaryData<Buffer>) => {
      control.reset();
      answer(null, empty);
    },
  };
}

/** The end of what a Timestamp can hold. */
const maxTime = Date.UTC(10_000, 0) - 1;

const empty = Buffer.alloc(0);

function noBytes(): Buffer {
  return empty;
}

function toBuffer<T>(type: { encode(message: T): { finish(): Uint8Array } }): (message: T) => Buffer {
  return (message) => Buffer.from(type.encode(message).finish());
}
