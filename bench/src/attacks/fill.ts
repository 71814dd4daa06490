import { SessionServiceService } from '@session-sidecar/proto/session/v1/session_service';
import { grpcFrame } from '../sides/raw-http2';
import type { Attack } from './attack';
import { reconnecting, unary } from './http2';
import { keepBusy, pipelineFrame } from './pipeline';
import { repeat } from './repeat';
import { createRequest, mutation, times } from './sessions';

/** The default limits for keys and for mutations. */
const maxCount = 1000;

/** Fills the memory store with sessions of a thousand keys of a few bytes. */
export const tinyKeys = filling(createRequest(times(maxCount, (n) => mutation.set(n.toString(36), '1'))));

/** Fills the memory store with sessions of a thousand flash queues of one message. */
export const flashQueues = filling(createRequest(times(maxCount, (n) => mutation.pushFlash(n.toString(36), '1'))));

/** Fills the memory store with sessions that hold nothing. */
export const emptySessions: Attack = ({ address }) => {
  const calls = 64;
  const frame = pipelineFrame('CreateSession', createRequest([]), calls);
  return Promise.resolve(async (assault) => {
    await Promise.all(times(2, () => keepBusy(assault, reconnecting(assault, address), frame, calls)));
  });
};

function filling(request: Uint8Array): Attack {
  const frame = grpcFrame(request);
  return ({ address }) =>
    Promise.resolve(async (assault) => {
      const connections = times(4, () => reconnecting(assault, address));
      await repeat(assault, 16, (n) =>
        unary(connections[n % connections.length]!, SessionServiceService.createSession.path, frame),
      );
    });
}
