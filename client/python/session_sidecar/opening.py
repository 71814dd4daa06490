"""How sessions are opened, or ended without being opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from session_sidecar_proto.session.v1 import session_service_pb2 as api

from .errors import SessionError
from .names import check_name, is_unicode
from .plans import CallStep, Plan
from .replies import check_session, check_token

# Each token costs a call.
_MAX_TOKENS = 3
# The token is the only field of a request about it, so an invalid request means an invalid token.
_NO_TOKEN = ("TOKEN_INVALID", "INVALID_ARGUMENT")


class Opened(NamedTuple):
    """What a new Session object begins with.

    found: the Session of the API. None: there is none.
    id: the id that the session will be created with. None: it will have only a token.
    fence: the number of the lease that it was loaded under. None: no lease.
    """

    origin: str
    token: str | None = None
    found: Any = None
    id: str | None = None
    fence: int | None = None


def opening(token: str | Iterable[str] | None, find: Callable[[str], Any] = lambda _: None) -> Plan[Opened]:
    """Load the session of the first token that has one, or say why that of the first token was not found.

    find: returns the Session of a token if it is in memory, else None. Default: none is.
    """
    first = None
    for each in _distinct(token):
        opened = yield from _opening_one(each, find)
        if opened.found is not None:
            return opened
        first = first or opened
    return first or Opened("none")


def _distinct(token: str | Iterable[str] | None) -> list[str]:
    tokens = [token] if isinstance(token, str) or token is None else list(token)
    for each in tokens:
        if each is not None and not isinstance(each, str):
            raise TypeError(f"Expected the token to be a str, an iterable of str, or None, got {type(each).__name__}")
    return [each for each in dict.fromkeys(tokens) if each][:_MAX_TOKENS]


def _opening_one(token: str, find: Callable[[str], Any]) -> Plan[Opened]:
    if not is_unicode(token):
        return Opened("token_invalid")
    if (kept := find(token)) is not None:
        return Opened("found", token, kept)
    try:
        response = yield CallStep("GetSession", api.GetSessionRequest(token=token))
    except SessionError as error:
        if error.code == "SESSION_NOT_FOUND":
            return Opened("not_found")
        if error.code in _NO_TOKEN:
            return Opened("token_invalid")
        raise
    check_session("GetSession", response)
    return Opened("found", token, response.session)


def invalidating(token: str | Iterable[str] | None) -> Plan[None]:
    """End the sessions of tokens. One that cannot be ended does not keep the others; the first error is raised at the end."""
    failure = None
    for each in filter(is_unicode, _distinct(token)):
        try:
            yield CallStep("InvalidateSession", api.InvalidateSessionRequest(token=each))
        except SessionError as error:
            if error.code not in _NO_TOKEN:
                failure = failure or error
    if failure is not None:
        raise failure


def opening_by_id(id: str) -> Plan[Opened]:
    """Load the session with an id that the application has chosen."""
    check_name(id, "the id")
    try:
        response = yield CallStep("GetSession", api.GetSessionRequest(id=id))
    except SessionError as error:
        if error.code == "SESSION_NOT_FOUND":
            return Opened("not_found", id=id)
        if error.code != "TOKEN_INVALID":
            raise
        # An older sidecar sees a request without a token.
        raise SessionError("UNIMPLEMENTED", "GetSession failed: the sidecar cannot find sessions by id") from error
    check_session("GetSession", response)
    check_token("GetSession", response)
    return Opened("found", response.token, response.session)


def creating(id: str | None) -> Opened:
    """Begin a new session."""
    if id is not None:
        check_name(id, "the id")
    return Opened("none", id=id)
