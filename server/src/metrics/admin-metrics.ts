import type { AdminObserver } from '../grpc/admin/admin-server';
import { revocationReasons } from '../session/admin/session-admin';
import type { AdminEvents } from '../session/admin/session-admin';
import type { MetricFactory } from './metric-factory';

export interface AdminMetrics extends AdminEvents, Omit<AdminObserver, 'refused'> {}

const methods = ['EstimateSessions', 'CountSessions', 'GetSessions', 'RevokeSessions'];

export function adminMetrics(factory: MetricFactory): AdminMetrics {
  const calls = factory.counter(
    'admin_calls_total',
    'Calls of operators to session.admin.v1 that have ended, by method and gRPC status.',
    'method',
    'status',
  );
  const revoked = factory.counter(
    'sessions_revoked_total',
    'Sessions ended by operators, by what they were selected by.',
    'selection',
  );
  for (const method of methods) calls.announce(method, 'OK');
  for (const reason of revocationReasons) revoked.announce(reason);
  return {
    adminCallEnded: (method, status) => {
      calls.inc(method, status);
    },
    onRevoked: (reason, count) => {
      revoked.add(count, reason);
    },
  };
}
