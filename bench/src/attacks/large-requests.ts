import { SessionServiceService } from '@session-sidecar/proto/session/v1/session_service';
import type { Attack } from './attack';
import { emptyMessages, openCall, reconnecting, statusOf, unary } from './http2';
import { repeat } from './repeat';

/** gRPC's default limit for the size of a message. */
const requestBytes = 4 * 1024 * 1024;

/** Sends `CreateSession` with two million empty mutations. */
export const emptyMutations: Attack = ({ address }) => {
  const request = emptyMessages(requestBytes);
  return Promise.resolve(async (assault) => {
    const connections = [0, 1].map(() => reconnecting(assault, address));
    await repeat(assault, connections.length, (n) =>
      unary(connections[n]!, SessionServiceService.createSession.path, request),
    );
  });
};

/** Sends Pipeline frames of two million empty calls, on several streams. */
export const emptyCalls: Attack = ({ address }) => {
  const frame = emptyMessages(requestBytes);
  return Promise.resolve(async (assault) => {
    const connections = [0, 1, 2, 3].map(() => reconnecting(assault, address));
    await repeat(assault, connections.length, (n) => {
      const stream = openCall(connections[n]!, SessionServiceService.pipeline.path);
      const outcome = statusOf(stream);
      stream.resume().write(frame);
      return outcome;
    });
  });
};
