"""Calls that a pipeline carries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError
from session_sidecar_proto.session.v1 import pipeline_pb2 as frames

from ...errors import SessionError, from_status
from ...ordered_messages import RESPONSE_TYPES
from ..call_errors import empty_reply, request_too_large, undecodable_reply
from .http2 import status_code
from .trace_context import trace_context

# The maximum size of a frame in the sidecar, less some room for the frame itself. A larger frame would end the stream for all its
# calls.
_MAX_REQUEST_BYTES = 4 * 1024 * 1024 - 1024


class FallBack(Exception):
    """The sidecar does not support Pipeline. The call was not sent and must be made as a unary call."""


class Call:
    """One attempt of a call.

    deadline: when the call ends, by time.monotonic().
    wake: called once, when there is an outcome. It must return soon and not call the pipeline.
    """

    __slots__ = ("deadline", "has_ended", "id", "message", "method", "size", "was_sent", "_outcome", "_wake")

    def __init__(self, method: str, request: Any, deadline: float, wake: Callable[[], object]) -> None:
        """Raise SessionError for a request that is too large to be sent."""
        self.method = method
        self.deadline = deadline
        self.message = frames.PipelineCall(method=method, request=request.SerializeToString(), metadata=trace_context())
        self.size = self.message.ByteSize()
        if self.size > _MAX_REQUEST_BYTES:
            raise request_too_large(method, self.size, _MAX_REQUEST_BYTES)
        self.id = 0
        self.was_sent = False
        self.has_ended = False
        self._outcome: frames.PipelineReply | Exception | None = None
        self._wake = wake

    def end(self, outcome: frames.PipelineReply | Exception) -> None:
        """Set the outcome of the call, unless it has one."""
        if not self.has_ended:
            self.has_ended = True
            self._outcome = outcome
            self._wake()

    def response(self) -> Any:
        """Return the response of a call that has ended. Raises SessionError or FallBack."""
        outcome = self._outcome
        if not isinstance(outcome, frames.PipelineReply):
            assert outcome is not None
            raise outcome
        kind = outcome.WhichOneof("outcome")
        if kind == "response":
            try:
                return RESPONSE_TYPES[self.method].FromString(outcome.response)
            except DecodeError as cause:
                raise undecodable_reply(self.method) from cause
        raise empty_reply(self.method) if kind is None else _error_of(self.method, outcome.error)


def _error_of(method: str, status: Any) -> SessionError:
    return from_status(method, status_code(status.code), status.message, status.details)
