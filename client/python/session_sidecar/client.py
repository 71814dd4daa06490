"""The connection of an application to its sidecar."""

from __future__ import annotations

import json
from typing import Any

import grpc
from google.protobuf.descriptor_pb2 import MethodOptions
from session_sidecar_proto.session.v1 import session_service_pb2 as api
from session_sidecar_proto.session.v1.session_service_pb2_grpc import SessionServiceStub

from .errors import SessionError, from_grpc
from .session import Session


class SessionClient:
    """Make one and keep it: threads may share it. It connects at the first call, and connects again by itself.

    address: where the sidecar listens, for example "localhost:50051" or "unix:/run/session-sidecar.sock". It need not be up yet.
    timeout: how many seconds a call may take, retries included.
    """

    def __init__(self, address: str, timeout: float = 1.0) -> None:
        self._timeout = timeout
        self._channel = grpc.insecure_channel(address, options=_CHANNEL_OPTIONS)
        self._stub = SessionServiceStub(self._channel)

    def open(self, token: str | None) -> Session:
        """Loads the session of a token, as it came in the visitor's cookie.

        Without a token, and with one whose session has ended or that is not genuine, gives a new session, whose origin says
        which. Never stores anything. Raises when the sidecar or its store cannot answer: a visitor whose session cannot be
        read is not a new visitor.
        """
        if not token:
            return self.create()
        try:
            response = self._call("GetSession", api.GetSessionRequest(token=token))
        except SessionError as error:
            if error.code == "SESSION_NOT_FOUND":
                return Session(self._call, "not_found")
            # The token is the request's only field, so it is what a refusal of the request is about.
            if error.code in ("TOKEN_INVALID", "INVALID_ARGUMENT"):
                return Session(self._call, "token_invalid")
            raise
        return Session(self._call, "found", token, response.session)

    def create(self) -> Session:
        """Gives a new session, for a visitor who cannot have one yet. Nothing is stored before its save()."""
        return Session(self._call, "none")

    def close(self) -> None:
        self._channel.close()

    def __enter__(self) -> SessionClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(self, method: str, request: Any) -> Any:
        try:
            return getattr(self._stub, method)(request, timeout=self._timeout)
        except grpc.RpcError as cause:
            raise from_grpc(method, cause) from cause


def _retry_policy() -> str:
    """Lets gRPC try again, within the timeout, what the API says may run twice."""
    service = api.DESCRIPTOR.services_by_name["SessionService"]
    names = [
        {"service": service.full_name, "method": method.name}
        for method in service.methods
        if method.GetOptions().idempotency_level != MethodOptions.IDEMPOTENCY_UNKNOWN
    ]
    policy = {
        "maxAttempts": 4,
        "initialBackoff": "0.05s",
        "maxBackoff": "0.2s",
        "backoffMultiplier": 2,
        "retryableStatusCodes": ["UNAVAILABLE"],
    }
    return json.dumps({"methodConfig": [{"name": names, "retryPolicy": policy}]})


_CHANNEL_OPTIONS = [
    ("grpc.service_config", _retry_policy()),
    # The sidecar listens on this host only.
    ("grpc.enable_http_proxy", 0),
    # By default, a sidecar that was away for long would be missed for up to two minutes more.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
]
