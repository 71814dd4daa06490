"""What takes the place of the network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
from answers import Failure
from google.protobuf.message import DecodeError
from session_sidecar.transport.pipeline.calls import Call
from session_sidecar_proto.session.v1 import pipeline_pb2 as frames

# Returns the encoded response to a request of a method, or raises Failure.
Answer = Callable[[str, Any], bytes]
answer: Answer


def answer_with(function: Answer) -> None:
    """Let all channels and pipelines answer with a function."""
    global answer
    answer = function


class _Method(grpc.UnaryUnaryMultiCallable):  # type: ignore[misc]
    def __init__(self, path: str, deserialize: Callable[[bytes], Any] | None) -> None:
        self._name = path.rsplit("/", 1)[-1]
        self._deserialize = deserialize

    def __call__(self, request: Any, *_options: Any, **_more: Any) -> Any:
        return self.with_call(request)[0]

    def with_call(self, request: Any, *_options: Any, **_more: Any) -> Any:
        if self._deserialize is None:
            return b"", Failure(grpc.StatusCode.OK, "", ())  # Not one of the API.
        try:
            return self._deserialize(answer(self._name, request)), Failure(grpc.StatusCode.OK, "", ())
        except DecodeError:
            raise Failure(grpc.StatusCode.INTERNAL, "Exception deserializing response!", None) from None

    def future(self, *_options: Any, **_more: Any) -> Any:
        raise NotImplementedError


class Channel(grpc.Channel):  # type: ignore[misc]
    """Takes the place of the network."""

    def unary_unary(
        self, method: str, _serialize: Any = None, response_deserializer: Any = None, *_options: Any, **more: Any
    ) -> _Method:
        return _Method(method, response_deserializer)

    def _not_called(self, *_options: Any, **_more: Any) -> None: ...

    unary_stream = stream_unary = stream_stream = _not_called

    def subscribe(self, *_options: Any, **_more: Any) -> None: ...

    def unsubscribe(self, *_options: Any, **_more: Any) -> None: ...

    def close(self) -> None: ...

    def __enter__(self) -> Channel:
        return self

    def __exit__(self, *_: object) -> None: ...


class Pipeline:
    """Takes the place of the stream."""

    is_supported = True

    def __init__(self, *_options: Any) -> None: ...

    def send(self, method: str, request: Any, deadline: float) -> Any:
        call = Call(method, request, deadline, lambda: None)
        reply = frames.PipelineReply(id=1)
        try:
            reply.response = answer(method, request)
        except Failure as failure:
            details = dict(failure.trailing_metadata())["grpc-status-details-bin"]
            try:
                reply.error.ParseFromString(details)
            except DecodeError:
                reply.ClearField("outcome")
        call.end(reply)
        return call.response()

    def close(self) -> None: ...
