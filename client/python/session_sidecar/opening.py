"""How the session of a token is opened."""

from __future__ import annotations

from typing import NamedTuple

from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api

from .errors import SessionError
from .plans import CallStep, Plan
from .replies import check_session


class Opened(NamedTuple):
    """The arguments of a new Session object."""

    origin: str
    token: str | None = None
    found: messages.Session | None = None


def opening(token: str | None) -> Plan[Opened]:
    """Load the session of a token, or say why there is none."""
    if not token:
        return Opened("none")
    try:
        response = yield CallStep("GetSession", api.GetSessionRequest(token=token))
    except SessionError as error:
        if error.code == "SESSION_NOT_FOUND":
            return Opened("not_found")
        # The token is the request's only field, so an invalid request means an invalid token.
        if error.code in ("TOKEN_INVALID", "INVALID_ARGUMENT"):
            return Opened("token_invalid")
        raise
    check_session("GetSession", response)
    return Opened("found", token, response.session)
