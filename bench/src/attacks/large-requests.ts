import { SessionServiceService } from '@session-sidecar/proto/session/v1/session_service';
import type { Attack } from './attack';
import { emptyMessages, openCall, reconnecting, statusOf, unary } from './http2';
import { repeat } from './repeat';

/** The largest request that gRPC takes by default. */
const requestBytes = 4 * 1024 * 1024;

/** `CreateSession` with two million mutations that say nothing. */
export const emptyMutations: Attack = ({ address }) => {
  const request = emptyMessages(requestBytes);
  return Promise.resolve(async (assault) => {
    const connections = [0, 1].map(() => reconnecting(assault, address));
    await repeat(assault, connections.length, (n) =>
      unary(connections[n]!, SessionServiceService.createSession.path, request),
    );
  });
};

/** Pipeline frames of two million calls that say nothing, on several streams. */
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
