import { expect } from '@jest/globals';
import { acknowledgeLongAgo } from '../../support/raw-events';
import { mutation } from '../../support/raw-grpc';
import type { RawClient } from '../../support/raw-grpc';

/** How the failures of leases come about, in a session of their own. */
export function leaseFailures(stored: () => { readonly raw: RawClient; readonly token: string }) {
  const acquire = (holder: string) => {
    const { raw, token } = stored();
    return raw.call('acquireLease', { token, duration: { seconds: 60, nanos: 0 }, holder });
  };
  return {
    LEASE_HELD: {
      status: 'ABORTED',
      provoke: async () => {
        await acquire('one');
        return acquire('another');
      },
      details: { metadata: { remaining_ms: expect.stringMatching(/^\d+$/) } },
    },
    LEASE_LOST: {
      status: 'ABORTED',
      provoke: () => {
        const { raw, token } = stored();
        return raw.call('updateSession', { token, mutations: [mutation.set('a', '1')], fence: 1 });
      },
    },
  };
}

/** How the failures of watching come about. */
export function eventFailures(client: () => RawClient) {
  return { CURSOR_EXPIRED: { status: 'OUT_OF_RANGE', provoke: () => acknowledgeLongAgo(client()) } };
}
