"""Checks of what protobuf cannot require of replies. They raise SessionError INTERNAL for a malformed reply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from session_sidecar_proto.session.v1.session_pb2 import Mutation

from .errors import SessionError


def _malformed(method: str, what: str) -> SessionError:
    return SessionError("INTERNAL", f"{method} failed: the reply has {what}")


def check_session(method: str, response: Any) -> None:
    if not response.HasField("session"):
        raise _malformed(method, "no session")
    for field in ("created", "expires"):
        _check_time(method, response.session, field)
    try:
        response.session.idle_timeout.ToTimedelta()
    except (ValueError, OverflowError):
        raise _malformed(method, "an idle timeout out of range") from None


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
        try:
            getattr(message, field).ToDatetime()
        except (ValueError, OverflowError):
            raise _malformed(method, f"a time out of range in {field}") from None
