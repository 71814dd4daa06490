import { GetSessionRequest, SessionServiceService } from '@session-sidecar/proto/session/v1/session_service';
import { grpcFrame } from '../sides/raw-http2';
import type { Attack } from './attack';
import { openCall, reconnecting, statusOf } from './http2';
import { openPipeline, pipelineFrame, writeWithoutEnd } from './pipeline';
import { repeat } from './repeat';
import { largeBytes, storeSession, times } from './sessions';

/** Makes 1,000 concurrent unary calls, and never reads their replies of 250 KiB. */
export const unreadUnary: Attack = async (target) => {
  const { token } = await storeSession(target, 'x'.repeat(largeBytes));
  const request = grpcFrame(GetSessionRequest.encode({ token }).finish());
  return async (assault) => {
    const connections = times(10, () => reconnecting(assault, target.address, { windowBytes: 0 }));
    await repeat(assault, 1000, (n) => {
      const stream = openCall(connections[n % connections.length]!, SessionServiceService.getSession.path);
      const outcome = statusOf(stream);
      stream.end(request);
      return outcome;
    });
  };
};

/** Requests sessions of 250 KiB without end on eight Pipeline streams, and never reads a reply. */
export const unreadPipelines: Attack = async (target) => {
  const { token } = await storeSession(target, 'x'.repeat(largeBytes));
  const frame = pipelineFrame('GetSession', GetSessionRequest.encode({ token }).finish(), 256);
  return async (assault) => {
    const connections = times(8, () => reconnecting(assault, target.address, { windowBytes: 0 }));
    await repeat(assault, connections.length, (n) => writeWithoutEnd(openPipeline(connections[n]!), frame));
  };
};
