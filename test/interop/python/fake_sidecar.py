"""A sidecar that answers what a test wants."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent import futures
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2
from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api


@dataclass
class Call:
    """One RPC as it arrived. left: how many seconds its deadline leaves."""

    method: str
    metadata: dict[str, Any]
    left: float


@dataclass
class Refusal(Exception):
    """A failure as the sidecar describes it, or with details that are something else."""

    status: grpc.StatusCode
    reason: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    retry_after: float = 0
    pushback: str = ""
    details: bytes | None = None

    def trailer(self) -> list[tuple[str, Any]]:
        trailer: list[tuple[str, Any]] = [("grpc-retry-pushback-ms", self.pushback)] if self.pushback else []
        if self.details is not None:
            return [*trailer, ("grpc-status-details-bin", self.details)]
        if not self.reason:
            return trailer
        info = error_details_pb2.ErrorInfo(reason=self.reason, domain="session.v1", metadata=self.metadata)
        retry = error_details_pb2.RetryInfo(retry_delay=Duration(seconds=int(self.retry_after)))
        status = status_pb2.Status(code=self.status.value[0], message="refused")
        for detail in (info, retry):
            packed = AnyMessage()
            packed.Pack(detail)
            status.details.append(packed)
        return [*trailer, ("grpc-status-details-bin", status.SerializeToString())]


def draining(retry_after: float = 0, pushback: str = "") -> Refusal:
    return Refusal(grpc.StatusCode.UNAVAILABLE, "DRAINING", retry_after=retry_after, pushback=pushback)


def store_unavailable(maybe_applied: str) -> Refusal:
    return Refusal(grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE", {"maybe_applied": maybe_applied})


SESSION = messages.Session(handle="handle", csrf_token="csrf", version=1)

WHOLE: dict[str, Any] = {
    "CreateSession": api.CreateSessionResponse(token="token", session=SESSION, results=[{"applied": True}]),
    "GetSession": api.GetSessionResponse(session=SESSION),
    "UpdateSession": api.UpdateSessionResponse(version=2, results=[{"applied": True}]),
    "RegenerateSession": api.RegenerateSessionResponse(token="new", csrf_token="csrf", version=2),
    "InvalidateSession": api.InvalidateSessionResponse(),
    "PopFlash": api.PopFlashResponse(),
    "PeekFlash": api.PeekFlashResponse(),
    "NewCsrfToken": api.NewCsrfTokenResponse(csrf_token="csrf"),
}
"""Answers as of a sidecar in which all sessions are empty."""


class FakeSidecar(grpc.GenericRpcHandler):  # type: ignore[misc]
    """answer: makes the reply to a call, as a message or as bytes, or raises a Refusal. Default: whole replies."""

    def __init__(self, answer: Callable[[Call], Any] = lambda call: WHOLE[call.method], address: str = "127.0.0.1:0") -> None:
        self.answer = answer
        self.calls: list[Call] = []
        self._lock = threading.Lock()
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
        self._server.add_generic_rpc_handlers((self,))
        self.address = f"127.0.0.1:{self._server.add_insecure_port(address)}"
        self._server.start()

    def service(self, details: Any) -> Any:
        def handle(_: bytes, context: Any) -> bytes:
            call = Call(details.method.rpartition("/")[2], dict(context.invocation_metadata()), context.time_remaining())
            with self._lock:
                self.calls.append(call)
            try:
                reply = self.answer(call)
            except Refusal as refusal:
                context.set_trailing_metadata(refusal.trailer())
                context.abort(refusal.status, "refused")
            return reply if isinstance(reply, bytes) else bytes(reply.SerializeToString())

        return grpc.unary_unary_rpc_method_handler(handle)

    def count(self, method: str) -> int:
        return sum(call.method == method for call in self.calls)

    def __enter__(self) -> FakeSidecar:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.stop(None).wait()
