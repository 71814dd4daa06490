"""Call session.admin.v1 with the generated stubs, and print one line of JSON.

Usage: admin.py ADDRESS TOKEN HANDLE
"""

from __future__ import annotations

import json
import sys

import grpc
from session_sidecar_proto.session.admin.v1 import admin_service_pb2 as api
from session_sidecar_proto.session.admin.v1.admin_service_pb2_grpc import AdminServiceStub

ADDRESS, TOKEN, HANDLE = sys.argv[1:]
METADATA = [("authorization", f"Bearer {TOKEN}")]

with grpc.insecure_channel(ADDRESS) as channel:
    admin = AdminServiceStub(channel)
    try:
        admin.EstimateSessions(api.EstimateSessionsRequest())
        refused = ""
    except grpc.RpcError as error:
        refused = error.code().name
    *_, count = admin.CountSessions(api.CountSessionsRequest(), metadata=METADATA)
    request = api.GetSessionsRequest(handles=[HANDLE], include_data=True)
    (result,) = admin.GetSessions(request, metadata=METADATA).results
    subject = result.session.subject
    *_, revoked = admin.RevokeSessions(api.RevokeSessionsRequest(subject=subject), metadata=METADATA)

fields = {
    "refused": refused,
    "count": count.count,
    "done": count.done,
    "status": api.SessionResultStatus.Name(result.status),
    "cart": result.session.data["cart"].decode(),
    "revoked": revoked.revoked_count,
}
print(json.dumps(fields))
