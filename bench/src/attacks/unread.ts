import { GetSessionRequest, SessionServiceService } from '@session-sidecar/proto/session/v1/session_service';
import { grpcFrame } from '../sides/raw-http2';
import type { Attack } from './attack';
import { openCall, reconnecting, statusOf } from './http2';
import { openPipeline, pipelineFrame, writeWithoutEnd } from './pipeline';
import { repeat } from './repeat';
import { largeBytes, storeSession, times } from './sessions';

/** A thousand unary calls whose replies of 250 KiB are never read. */
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

/** Eight Pipeline streams that ask for sessions of 250 KiB without end and never read a reply. */
export const unreadPipelines: Attack = async (target) => {
  const { token } = await storeSession(target, 'x'.repeat(largeBytes));
  const frame = pipelineFrame('GetSession', GetSessionRequest.encode({ token }).finish(), 256);
  return async (assault) => {
    const connections = times(8, () => reconnecting(assault, target.address, { windowBytes: 0 }));
    await repeat(assault, connections.length, (n) => writeWithoutEnd(openPipeline(connections[n]!), frame));
  };
};
