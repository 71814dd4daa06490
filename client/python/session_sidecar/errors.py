"""The errors of calls to the sidecar."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Literal, cast

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

ErrorCode = Literal[
    "SESSION_NOT_FOUND",
    "TOKEN_INVALID",
    "VERSION_MISMATCH",
    "INVALID_ARGUMENT",
    "SESSION_TOO_LARGE",
    "TOO_MANY_KEYS",
    "FLASH_QUEUE_FULL",
    "STORE_UNAVAILABLE",
    "STORE_FULL",
    "DRAINING",
    "REQUEST_TOO_LARGE",
    "OVERLOADED",
    "API_TOKEN_INVALID",
    "LEASE_HELD",
    "LEASE_LOST",
    "CURSOR_EXPIRED",
    "TOO_MANY_SESSIONS",
    "SCHEMA_VIOLATION",
    "INTERNAL",
    "DEADLINE_EXCEEDED",
    "CANCELLED",
    "UNAVAILABLE",
    "UNIMPLEMENTED",
    "VALUE_UNREADABLE",
    "UNKNOWN",
]

# Each code with the HTTP status for a web request that fails because of it. A test compares them with docs/reference/errors.md.
HTTP_STATUS: dict[ErrorCode, int] = {
    "SESSION_NOT_FOUND": 409,
    "TOKEN_INVALID": 409,
    "VERSION_MISMATCH": 409,
    "INVALID_ARGUMENT": 500,
    "SESSION_TOO_LARGE": 413,
    "TOO_MANY_KEYS": 413,
    "FLASH_QUEUE_FULL": 413,
    "STORE_UNAVAILABLE": 503,
    "STORE_FULL": 503,
    "DRAINING": 503,
    "REQUEST_TOO_LARGE": 413,
    "OVERLOADED": 503,
    "API_TOKEN_INVALID": 500,
    "LEASE_HELD": 409,
    "LEASE_LOST": 409,
    "CURSOR_EXPIRED": 500,
    "TOO_MANY_SESSIONS": 409,
    "SCHEMA_VIOLATION": 500,
    "INTERNAL": 500,
    "DEADLINE_EXCEEDED": 503,
    "CANCELLED": 503,
    "UNAVAILABLE": 503,
    "UNIMPLEMENTED": 500,
    "VALUE_UNREADABLE": 500,
    "UNKNOWN": 500,
}


class SessionError(Exception):
    """A failed call to the sidecar. Incorrect use of this package raises TypeError or ValueError instead.

    It can be pickled, so it may cross processes.

    code: a code of docs/reference/errors.md, for example "SESSION_NOT_FOUND". Match it, never the message.
    metadata: facts about the failure, for example the limit that was exceeded and the setting that changes it.
    violations: for INVALID_ARGUMENT, the description of each invalid field by its path in the request; for SCHEMA_VIOLATION, what
        is wrong by JSON Pointer into the data. Otherwise empty.
    retry_after: how long the sidecar asks to wait before a retry, in seconds. None if it does not ask.
    status: the HTTP status for a web request that fails because of this error: 409, 413, 500 or 503.
    """

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(code, message)
        self.code: ErrorCode = code
        self.metadata: dict[str, str] = {}
        self.violations: dict[str, str] = {}
        self.retry_after: float | None = None
        self.status = HTTP_STATUS[code]

    def __str__(self) -> str:
        return ": ".join(self.args)


def from_grpc(method: str, cause: Any) -> SessionError:
    """Return the SessionError of a call that failed with a grpc.RpcError, which becomes its cause."""
    status = status_pb2.Status()
    for key, value in trailer_of(cause):
        if key == "grpc-status-details-bin":
            with suppress(DecodeError):
                status.ParseFromString(value)
    error = from_status(method, cause.code(), cause.details(), status.details)
    error.__cause__ = cause
    return error


def from_status(method: str, status: grpc.StatusCode, message: str | None, details: Iterable[Any] = ()) -> SessionError:
    """Return the SessionError of a call that failed with a status.

    details: google.protobuf.Any messages.
    """
    info, request, retry = _decoded(details)
    code = _code_of(status)
    metadata = {}
    if info.domain == "session.v1" and info.reason in HTTP_STATUS:
        code, metadata = cast(ErrorCode, info.reason), dict(info.metadata)
    violations = {each.field: each.description for each in request.field_violations}
    text = " ".join([f"{method} failed: {message}", *(f"({field}: {text})" for field, text in violations.items())])
    error = SessionError(code, text)
    error.metadata = metadata
    error.violations = violations
    if retry.HasField("retry_delay"):
        error.retry_after = max(retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9, 0)
    return error


def is_damaged(error: SessionError) -> bool:
    """Return whether it is only this session that cannot be loaded, because the sidecar cannot read its record."""
    return error.code == "INTERNAL"


def trailer_of(cause: Any) -> Sequence[tuple[str, Any]]:
    """Return the trailing metadata of a failed call. Empty unless cause is a grpc.RpcError."""
    return getattr(cause, "trailing_metadata", tuple)() or ()


def _decoded(
    details: Iterable[Any],
) -> tuple[error_details_pb2.ErrorInfo, error_details_pb2.BadRequest, error_details_pb2.RetryInfo]:
    """Return the details of a failed call. Those that cannot be decoded are ignored, because they only refine its status."""
    info, request, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
    for detail in details:
        for message in (info, request, retry):
            try:
                detail.Unpack(message)
            except DecodeError:
                message.Clear()
    return info, request, retry


def _code_of(status: grpc.StatusCode) -> ErrorCode:
    """Return the code of a status without an ErrorReason. Such a status comes from gRPC itself."""
    if status is grpc.StatusCode.RESOURCE_EXHAUSTED:
        # gRPC in the sidecar rejects requests that are too large before any code of the sidecar sees them.
        return "SESSION_TOO_LARGE"
    return cast(ErrorCode, status.name) if status.name in HTTP_STATUS else "UNKNOWN"
