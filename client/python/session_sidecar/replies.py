"""Checks of what protobuf cannot require of replies. They raise SessionError INTERNAL for a malformed reply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from session_sidecar_proto.session.v1.session_pb2 import Mutation

from .errors import SessionError

# The ranges of google.protobuf.Timestamp and Duration. Every reply is checked; converting to datetime takes ten times as long.
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799
_MAX_DURATION_SECONDS = 315_576_000_000
_MAX_NANOS = 999_999_999


def _malformed(method: str, what: str) -> SessionError:
    return SessionError("INTERNAL", f"{method} failed: the reply has {what}")


def check_session(method: str, response: Any) -> None:
    if not response.HasField("session"):
        raise _malformed(method, "no session")
    for field in ("created", "expires"):
        _check_time(method, response.session, field)
    timeout = response.session.idle_timeout
    if not 0 <= timeout.seconds <= _MAX_DURATION_SECONDS or not 0 <= timeout.nanos <= _MAX_NANOS:
        raise _malformed(method, "an idle timeout out of range")


def check_listed(method: str, session: Any) -> None:
    for field in ("created", "accessed", "expires"):
        _check_time(method, session, field)


def check_token(method: str, response: Any) -> None:
    if not response.token:
        raise _malformed(method, "no token")


def check_results(method: str, mutations: Sequence[Mutation], response: Any) -> None:
    if len(response.results) != len(mutations):
        raise _malformed(method, f"{len(response.results)} results for {len(mutations)} mutations")
    for mutation, result in zip(mutations, response.results, strict=True):
        if mutation.HasField("set_if_absent") and not result.applied and not result.value:
            raise _malformed(method, "no value for a key that was to be set if absent")
    if "expires" in response.DESCRIPTOR.fields_by_name:
        _check_time(method, response, "expires")


def _check_time(method: str, message: Any, field: str) -> None:
    if message.HasField(field):
        time = getattr(message, field)
        if not _FIRST_SECOND <= time.seconds <= _LAST_SECOND or not 0 <= time.nanos <= _MAX_NANOS:
            raise _malformed(method, f"a time out of range in {field}")
