import type { ServiceDefinition } from '@grpc/grpc-js';
import { AdminServiceService } from '@session-sidecar/proto/session/admin/v1/admin_service';
import type {
  CountSessionsResponse,
  EstimateSessionsResponse,
  GetSessionsRequest,
  GetSessionsResponse,
  RevokeSessionsRequest,
  RevokeSessionsResponse,
} from '@session-sidecar/proto/session/admin/v1/admin_service';
import type { SessionAdmin } from '../session/admin/session-admin';
import { toGetResponse, toRevocation, toRevokeResponse } from './admin-messages';

/** The RPCs of `session.admin.v1.AdminService`, by the names of their definitions. */
export interface AdminMethods {
  readonly definition: ServiceDefinition;
  readonly unary: Readonly<Record<string, (request: never) => Promise<object>>>;
  /** The last response has `done` set. @param deadline when the caller stops waiting, by `performance.now()` */
  readonly streams: Readonly<
    Record<string, (request: never, deadline?: number) => AsyncIterable<{ readonly done: boolean }>>
  >;
}

export function createAdminMethods(admin: SessionAdmin): AdminMethods {
  return {
    definition: AdminServiceService,
    unary: {
      estimateSessions: (): Promise<EstimateSessionsResponse> => admin.estimate(),
      getSessions: async (request: GetSessionsRequest): Promise<GetSessionsResponse> =>
        toGetResponse(await admin.get(request)),
    },
    streams: {
      countSessions: (): AsyncIterable<CountSessionsResponse> => admin.count(),
      async *revokeSessions(request: RevokeSessionsRequest, deadline?: number): AsyncIterable<RevokeSessionsResponse> {
        for await (const progress of admin.revoke(toRevocation(request), deadline)) yield toRevokeResponse(progress);
      },
    },
  };
}
