import { Redis } from 'ioredis';
import { GetSessionRequest, SessionServiceService } from '@session-sidecar/proto/session/v1/session_service';
import { grpcFrame } from '../sides/raw-http2';
import type { Attack } from './attack';
import { reconnecting, unary } from './http2';
import { repeat } from './repeat';
import { storeSession, times } from './sessions';

const workers = 8;

/** Reads a session whose record in Redis is damaged, without a pause. */
export const damagedRecord: Attack = async (target) => {
  const { token, handle } = await storeSession(target, '');
  const redis = new Redis({ host: '127.0.0.1', port: target.redisPort! });
  // 'XX' fails if the key does not exist, which would mean that it is not the session's.
  const stored = await redis.set(`session:${handle}`, 'damaged', 'KEEPTTL', 'XX');
  redis.disconnect();
  if (stored !== 'OK') throw new Error(`Redis has no key session:${handle}.`);
  return reading(target.address, token);
};

/** Makes calls with a header that HTTP/2 allows and gRPC does not. */
export const illegalMetadata: Attack = async (target) => {
  const { token } = await storeSession(target, '');
  return reading(target.address, token, { 'not!allowed': 'x' });
};

function reading(address: string, token: string, headers = {}): Awaited<ReturnType<Attack>> {
  const request = grpcFrame(GetSessionRequest.encode({ token }).finish());
  return async (assault) => {
    const connections = times(2, () => reconnecting(assault, address));
    await repeat(assault, workers, (n) =>
      unary(connections[n % connections.length]!, SessionServiceService.getSession.path, request, headers),
    );
  };
}
