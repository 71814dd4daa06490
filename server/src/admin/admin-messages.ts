import { SessionResultStatus } from '@session-sidecar/proto/session/admin/v1/admin_service';
import type {
  AdminSession,
  GetSessionsResponse,
  RevokeSessionsRequest,
  RevokeSessionsResponse,
  SessionResult,
} from '@session-sidecar/proto/session/admin/v1/admin_service';
import { toDate, toDuration } from '../rpc/messages';
import type { RevokeSessions } from '../session/admin/admin-requests';
import type { RevocationProgress } from '../session/admin/session-admin';
import type { InspectedSession } from '../session/admin/session-inventory';
import type { FoundSessions, LookupResult } from '../session/admin/session-lookup';

const statuses: Readonly<Record<LookupResult['status'], SessionResultStatus>> = {
  found: SessionResultStatus.FOUND,
  not_found: SessionResultStatus.NOT_FOUND,
  unreadable: SessionResultStatus.UNREADABLE,
  token_invalid: SessionResultStatus.TOKEN_INVALID,
  data_omitted: SessionResultStatus.DATA_OMITTED,
};

export function toGetResponse({ results, nextPageToken }: FoundSessions): GetSessionsResponse {
  return { results: results.map(toResult), nextPageToken };
}

function toResult(result: LookupResult): SessionResult {
  const session = 'session' in result ? toAdminSession(result.session) : undefined;
  return { status: statuses[result.status], handle: result.handle ?? '', session };
}

function toAdminSession(session: InspectedSession): AdminSession {
  const { created, accessed, expires, idleTimeout, version, subject, label, signingKey, data } = session;
  return {
    created: new Date(created),
    accessed: new Date(accessed),
    expires: toDate(expires),
    idleTimeout: idleTimeout === undefined ? undefined : toDuration(idleTimeout),
    ...{ version, subject, label, signingKey },
    data: data as Map<string, Buffer>,
  };
}

export function toRevocation(request: RevokeSessionsRequest): RevokeSessions {
  const { subject, createdBefore, notAccessedSince, signingKey, includeUnknownKeys, dryRun } = request;
  return {
    ...{ subject, signingKey, includeUnknownKeys, dryRun },
    createdBefore: createdBefore?.getTime(),
    notAccessedSince: notAccessedSince?.getTime(),
  };
}

export function toRevokeResponse(report: RevocationProgress): RevokeSessionsResponse {
  const { revoked, examined, unknownKeys, unreadable, progress, done } = report;
  return {
    revokedCount: revoked,
    examinedCount: examined,
    unknownKeyCount: unknownKeys,
    unreadableCount: unreadable,
    ...{ progress, done },
  };
}
