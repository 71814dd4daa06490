"""A fake sidecar, whose answers each test decides."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent import futures
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2
from session_sidecar_proto.session.v1 import pipeline_pb2 as frames
from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api


@dataclass
class Call:
    """One RPC as it arrived.

    left: the time until its deadline, in seconds.
    encoded: the request.
    """

    method: str
    metadata: dict[str, Any]
    left: float
    encoded: bytes = b""

    @property
    def request(self) -> Any:
        return getattr(api, f"{self.method}Request").FromString(self.encoded)


@dataclass
class Refusal(Exception):
    """An error as the sidecar describes it.

    details: replaces the details that the sidecar would send.
    """

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
        return [*trailer, ("grpc-status-details-bin", self.message().SerializeToString())] if self.reason else trailer

    def message(self) -> Any:
        """Return the google.rpc.Status."""
        status = status_pb2.Status(code=self.status.value[0], message="refused")
        if self.details is not None:
            with suppress(DecodeError):
                status.details.extend(status_pb2.Status.FromString(self.details).details)
        if not self.reason:
            return status
        info = error_details_pb2.ErrorInfo(reason=self.reason, domain="session.v1", metadata=self.metadata)
        retry = error_details_pb2.RetryInfo(retry_delay=Duration(seconds=int(self.retry_after)))
        for detail in (info, retry):
            packed = AnyMessage()
            packed.Pack(detail)
            status.details.append(packed)
        return status


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
"""The replies of a sidecar whose sessions are all empty."""


def failing(method: str, times: int, refusal: Refusal) -> Callable[[Call], Any]:
    """Answer the first calls of a method with a refusal, and the others with whole replies."""
    left = [times]

    def answer(call: Call) -> Any:
        if call.method == method and left[0] > 0:
            left[0] -= 1
            raise refusal
        return WHOLE[call.method]

    return answer


def answering(method: str, reply: Any) -> Callable[[Call], Any]:
    return lambda call: reply if call.method == method else WHOLE[call.method]


class Stream:
    """One Pipeline stream as it arrived."""

    def __init__(self, context: Any) -> None:
        self.metadata: dict[str, Any] = dict(context.invocation_metadata())
        self.frames: list[Any] = []
        self.half_closed = threading.Event()
        self._context = context
        self._outbox: queue.SimpleQueue[Any] = queue.SimpleQueue()

    @property
    def calls(self) -> list[Any]:
        return [call for frame in self.frames for call in frame.calls]

    @property
    def cancelled(self) -> list[int]:
        return [number for frame in self.frames for number in frame.cancelled]

    def reply(self, *replies: Any, draining: bool = False, **more: Any) -> None:
        """Send a frame with replies.

        more: other fields of the frame.
        """
        self._outbox.put(frames.PipelineResponse(replies=replies, draining=draining, **more))

    def end(self, refusal: Refusal | None = None) -> None:
        """End the stream with a refusal, or with the status OK."""
        self._outbox.put(refusal)

    def run(self, requests: Any, receive: Callable[[Any], None]) -> Any:
        def read() -> None:
            with suppress(grpc.RpcError, Exception):
                for frame in requests:
                    self.frames.append(frame)
                    if frame.confirm:
                        self.reply(confirmed=frame.confirm)
                    for call in frame.calls:
                        receive(call)
            self.half_closed.set()
            self._outbox.put(None)

        self._context.send_initial_metadata(())
        threading.Thread(target=read, daemon=True).start()
        while (item := self._outbox.get()) is not None:
            if isinstance(item, Refusal):
                self._context.set_trailing_metadata(item.trailer())
                self._context.abort(item.status, "refused")
            yield item


class FakeSidecar(grpc.GenericRpcHandler):  # type: ignore[misc]
    """A gRPC server.

    answer: returns the reply to a call, as a message or as bytes, or raises a Refusal. Default: whole replies.
    on_stream: called for each Pipeline stream before it is accepted; may raise a Refusal. Default: accepts all.
    on_call: called instead of answer for each call on a stream. Default: reply_to, which calls answer.
    """

    def __init__(
        self,
        answer: Callable[[Call], Any] = lambda call: WHOLE[call.method],
        address: str = "127.0.0.1:0",
        on_stream: Callable[[Stream], None] = lambda _: None,
        on_call: Callable[[Stream, Any], None] | None = None,
    ) -> None:
        self.answer = answer
        self.calls: list[Call] = []
        self.streams: list[Stream] = []
        self.unary_calls = 0
        self._on_stream = on_stream
        self._on_call = on_call
        self._lock = threading.Lock()
        # Without these options, gRPC closes connections whose client pings often.
        options = [
            ("grpc.http2.min_ping_interval_without_data_ms", 100),
            ("grpc.http2.min_recv_ping_interval_without_data_ms", 100),
        ]
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=options)
        self._server.add_generic_rpc_handlers((self,))
        port = self._server.add_insecure_port(address)
        self.address = address if address.startswith("unix:") else f"127.0.0.1:{port}"
        self._server.start()

    def service(self, details: Any) -> Any:
        method = details.method.rpartition("/")[2]
        if method == "Pipeline":
            return grpc.stream_stream_rpc_method_handler(
                self._pipeline, frames.PipelineRequest.FromString, frames.PipelineResponse.SerializeToString
            )

        def handle(request: bytes, context: Any) -> bytes:
            self.unary_calls += 1
            try:
                return self._reply(Call(method, dict(context.invocation_metadata()), context.time_remaining(), request))
            except Refusal as refusal:
                context.set_trailing_metadata(refusal.trailer())
                context.abort(refusal.status, "refused")
                raise

        return grpc.unary_unary_rpc_method_handler(handle)

    def _pipeline(self, requests: Any, context: Any) -> Any:
        stream = Stream(context)
        self.streams.append(stream)
        try:
            self._on_stream(stream)
        except Refusal as refusal:
            context.set_trailing_metadata(refusal.trailer())
            context.abort(refusal.status, "refused")
        receive = self._on_call or self.reply_to
        # Each call has a thread, because its answer may wait for something.
        start = lambda call: threading.Thread(target=receive, args=(stream, call), daemon=True).start()  # noqa: E731
        yield from stream.run(requests, start)

    def reply_to(self, stream: Stream, call: Any) -> None:
        """Answer a call on a stream as `answer` says."""
        try:
            reply = self._reply(Call(call.method, stream.metadata | dict(call.metadata), call.timeout_ms / 1000, call.request))
        except Refusal as refusal:
            stream.reply(frames.PipelineReply(id=call.id, error=refusal.message()))
        else:
            stream.reply(frames.PipelineReply(id=call.id, response=reply))

    def _reply(self, call: Call) -> bytes:
        with self._lock:
            self.calls.append(call)
        reply = self.answer(call)
        return reply if isinstance(reply, bytes) else bytes(reply.SerializeToString())

    def count(self, method: str) -> int:
        return sum(call.method == method for call in self.calls)

    def stop(self) -> None:
        for stream in self.streams:
            stream.end()
        self._server.stop(None).wait()

    def __enter__(self) -> FakeSidecar:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stop()
