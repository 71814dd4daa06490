"""Why a request has no session, for the setting func_invalid_logger."""

from __future__ import annotations

from ..session import Session


class InvalidSession(Exception):
    """The visitor gets a new session. Never raised: func_invalid_logger is called with one."""


class NoSessionCookie(InvalidSession):
    """The request has no cookie."""


class NotInBackend(InvalidSession):
    """The session has ended or expired, or its token was replaced. These are not distinguished, on purpose."""


class InvalidToken(InvalidSession):
    """The cookie is not a token that the sidecar has issued. pyramid_session_redis takes it for no cookie."""


_BY_ORIGIN = {"none": NoSessionCookie, "not_found": NotInBackend, "token_invalid": InvalidToken}


def reason_of(session: Session) -> InvalidSession | None:
    """Return why a session is new. None: it was found, or it could not be loaded."""
    kind = _BY_ORIGIN.get(session.origin)
    return None if kind is None else kind()
