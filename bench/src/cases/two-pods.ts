import type { Case } from './case';
import { withCpu } from './client-cache';

/** Two applications that share their sessions, so that each changes what the other has cached. */
export const twoPods: readonly Case[] = [
  twoPodsCase('cached-two-pods-mix90', 0.1, 'two-pods-cached', 'Two apps with a sidecar each and the client’s cache'),
  twoPodsCase('cached-two-pods-mix98', 0.02, 'two-pods-cached', 'Two apps with a sidecar each and the client’s cache'),
  twoPodsCase('two-pods-mix90', 0.1, 'two-pods', 'Two apps with a sidecar each'),
];

function twoPodsCase(id: string, writeShare: number, ours: 'two-pods' | 'two-pods-cached', who: string): Case {
  const what = `${who}: web requests of which ${writeShare * 100} % write, to the same sessions of about 300 bytes, 32 at a time in each, beside two apps with connect-redis in their processes.`;
  return withCpu(id, what, {
    ...{
      ours,
      theirs: 'two-pods-connect-redis',
      size: '300b',
      inFlight: 64,
      writeShare,
      isRival: true,
      isCareful: true,
    },
  });
}
