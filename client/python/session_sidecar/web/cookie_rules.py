"""What decides, when the headers of a response are sent, whether they change the cookie. cookie.py says how it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class CookieFacts:
    """
    arrived: the token of the session that was loaded for the request. None: none, or it had ended.
    current: the session's token when the response's headers are sent. None: it is not stored.
    is_new: whether the session is another one than the one that was loaded.
    is_renewed: whether the browser gets its token again, with a new lifetime.
    failed: whether the response reports a failure: status 500 or above.
    cookie_on_exception: whether a new session gets its cookie even if the response reports a failure.
    """

    arrived: str | None
    current: str | None
    is_new: bool
    is_renewed: bool
    failed: bool
    cookie_on_exception: bool


def decide_cookie(facts: CookieFacts) -> Literal["set", "delete", "none"]:
    """Decide what a response does to the cookie.

    It is set only if the browser does not have the token yet, or gets a new lifetime for it. It is deleted only if this request
    itself has ended the session that was loaded, and started no other. The cookie of a session that had ended before is left
    alone: a parallel request may just have regenerated the token, and the browser may already have that request's cookie, which
    would be lost.
    """
    if facts.current is not None and facts.current != facts.arrived and not is_withheld(facts):
        return "set"
    if facts.arrived is not None and facts.current != facts.arrived:
        return "delete"
    is_allowed = facts.cookie_on_exception or not facts.failed
    return "set" if facts.current is not None and facts.is_renewed and is_allowed else "none"


def is_withheld(facts: CookieFacts) -> bool:
    """Return whether a session gets no cookie because the response reports a failure.

    Applies only to new sessions: an existing one whose token was regenerated would become unreachable.
    """
    return facts.is_new and facts.failed and not facts.cookie_on_exception


def needs_renewal(*, rolling: bool, persisted: bool, persists: bool, fetch_mode: str | None) -> bool:
    """Return whether the browser needs its token again.

    A page renews the cookie. What its scripts fetch does not: such requests run in parallel to others that may replace the token,
    and would bring the old one back.

    persisted, persists: whether the browser was to keep the cookie when the session was loaded, and is to keep it now.
    fetch_mode: the request's header Sec-Fetch-Mode. Older browsers do not send it, and none does over http.
    """
    if persisted != persists:
        return True
    return rolling and persists and fetch_mode in (None, "navigate")
