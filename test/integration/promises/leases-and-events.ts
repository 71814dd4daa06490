import { expect } from '@jest/globals';
import { acknowledgeLongAgo } from '../../support/raw-events';
import { mutation } from '../../support/raw-grpc';
import type { RawClient } from '../../support/raw-grpc';
import { schemaFailures } from './schema-failures';
import type { StoredInRedis } from './schema-failures';

/** A stored session, and how to reach it. */
interface Stored extends StoredInRedis {
  readonly raw: RawClient;
  readonly subject: string;
}

/** Settings of a sidecar by which the only session of a subject is all that it may have. */
export const oneSession = { MAX_SESSIONS_PER_SUBJECT: '1', SUBJECT_LIMIT_ACTION: 'refuse' };

/** How the failures of leases, of watching, of the limit of sessions and of a data schema come about. */
export function furtherFailures(stored: () => Stored) {
  return { ...leaseFailures(stored), ...eventFailures(stored), ...subjectFailures(stored), ...schemaFailures(stored) };
}

function leaseFailures(stored: () => Stored) {
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

function eventFailures(stored: () => Stored) {
  return { CURSOR_EXPIRED: { status: 'OUT_OF_RANGE', provoke: () => acknowledgeLongAgo(stored().raw) } };
}

function subjectFailures(stored: () => Stored) {
  return {
    TOO_MANY_SESSIONS: {
      status: 'RESOURCE_EXHAUSTED',
      provoke: () => {
        const { raw, subject } = stored();
        return raw.call('createSession', { subject });
      },
      details: { metadata: { limit: '1', setting: 'SESSION_SIDECAR_MAX_SESSIONS_PER_SUBJECT' } },
    },
  };
}
