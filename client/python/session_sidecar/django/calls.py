"""What errors of calls mean to Django, and what its logins mean to the sidecar."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.contrib.auth import SESSION_KEY as USER_ID
from session_sidecar_proto.session.v1.session_pb2 import Mutation

from ..errors import SessionError
from ..names import check_name


def is_gone(error: SessionError) -> bool:
    """Return whether a call failed because its key is not that of a session."""
    return error.code in ("SESSION_NOT_FOUND", "TOKEN_INVALID")


def subject_option(changes: list[Mutation], values: dict[str, Any]) -> dict[str, Any]:
    """Return the option that makes the user who logged in or out the session's subject. Empty if that did not change."""
    if not any(change.HasField("clear") or getattr(change, change.WhichOneof("kind")).key == USER_ID for change in changes):
        return {}
    user = str(values.get(USER_ID, ""))
    with suppress(ValueError):
        check_name(user, "the user id", min_bytes=0)
        return {"subject": user}
    return {}
