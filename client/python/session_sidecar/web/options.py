"""The options of sessions in web applications that all frameworks share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from ..base_session import BaseSession
from .cookie import CookieOptions
from .unsaved_warning import UnsavedWarning


@dataclass(frozen=True, kw_only=True)
class WebOptions:
    """
    cookie: default: a cookie that is gone when the browser is closed.
    cookie_on_exception: whether a visitor whose session was started by a request that failed keeps it. False: a response with
        status 500 or above sets no cookie for a new session, and nothing stays stored for it. Default: True.
    remember: whether this visitor's browser keeps the cookie for cookie.max_age, as after a checked "remember me", rather than
        until it is closed: a key whose value says so, or a function. It is looked up for each session that is used, when it is
        loaded and when it is saved; a change sets the cookie again. Requires cookie.max_age. Default: yes, for all visitors.
    when_unavailable: what a request gets whose session cannot be loaded, because the sidecar or its store is unavailable. "fail":
        an error of status 503. "read-only": an empty session that can be read, and raises that error when it is written. After an
        error, error handlers get such a session in any case. Default: "fail", because a visitor must not be mistaken for a new
        one.
    on_unsaved: called with the error when the session of a response that reports a failure, one of status 400 or above, could not
        be saved. The response is sent all the same, because the visitor is to see the failure that came first. Raise to replace
        it, as a failed save replaces other responses. Default: logs a warning, at most one a minute.

    Raises TypeError or ValueError for an option that cannot be used. The message names it.
    """

    cookie: CookieOptions = field(default_factory=CookieOptions)
    cookie_on_exception: bool = True
    remember: str | Callable[[BaseSession], bool] | None = None
    when_unavailable: Literal["fail", "read-only"] = "fail"
    on_unsaved: Callable[[Exception], None] = field(default_factory=UnsavedWarning)
    former_id: Callable[[str], str | None] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.cookie, CookieOptions):
            raise TypeError(f"Expected `cookie` to be CookieOptions, got {type(self.cookie).__name__}")
        if self.remember is not None and not isinstance(self.remember, str) and not callable(self.remember):
            raise TypeError(f"Expected `remember` to be a key or a function, got {type(self.remember).__name__}")
        if self.remember is not None and self.cookie.max_age is None:
            raise ValueError("Expected `cookie.max_age` to be given with `remember`, because it says for how long")
        if self.when_unavailable not in ("fail", "read-only"):
            raise ValueError(f"Expected `when_unavailable` to be 'fail' or 'read-only', got {self.when_unavailable!r}")
        if not callable(self.on_unsaved):
            raise TypeError(f"Expected `on_unsaved` to be a function, got {type(self.on_unsaved).__name__}")

    def is_persistent(self, session: BaseSession) -> bool:
        """Return whether the browser keeps the cookie of a session for cookie.max_age."""
        if self.cookie.max_age is None:
            return False
        if isinstance(self.remember, str):
            return bool(session.get(self.remember))
        return self.remember is None or self.remember(session)
