"""A session as Pyramid and its applications know it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from pyramid.interfaces import ISession
from zope.interface import implementer

from ..session import Session
from ..web import LazySession
from .former_members import FormerMembers
from .response_cookie import ResponseCookie


@implementer(ISession)
class PyramidSession(FormerMembers, LazySession):
    """The visitor's session: request.session. It is loaded, with one call, when the application first uses it.

    A dictionary from str to values, with the members of ISession, those of the session objects of pyramid_redis_sessions and
    pyramid_session_redis that make sense here, and those of Session, which describes what is not described here.
    SidecarSessionFactory says when it is saved.

    cookie: what the response does to the cookie, beside what the settings say.
    """

    def __init__(self, load: Callable[[], Session], cookie: ResponseCookie, prepare_new: Callable[[Session], None]) -> None:
        super().__init__(load)
        self._cookie = cookie
        # Called with a session that is not stored, after invalidate().
        self._prepare_new = prepare_new
        self._made = int(time.time())

    # Of ISession.

    @property
    def created(self) -> int:  # type: ignore[override]  # ISession wants an integer.
        """When the session was created, in seconds since the epoch. If it is not stored: when the request first used it."""
        created = self.loaded.created
        return self._made if created is None else int(created.timestamp())

    @property
    def expires(self) -> int | None:  # type: ignore[override]  # As created.
        """When the session expires if it is not used again, in seconds since the epoch. None: never, or it is not stored."""
        expires = self.loaded.expires
        return None if expires is None else int(expires.timestamp())

    @property
    def new(self) -> bool:
        """Whether the visitor came without a session, or this request has invalidated it."""
        return self.loaded.is_new

    def invalidate(self) -> None:
        """End the session at once, with one call, and discard what was not saved. The object then is a new session.

        The response deletes the cookie, unless something is written afterwards: that starts another session.
        """
        session = self.loaded
        session.invalidate()
        self._prepare_new(session)
        self._made = int(time.time())

    def regenerate(self, *, or_create: bool = False, grace: float | None = None) -> None:
        """As Session.regenerate()."""
        session = self.loaded
        was_new, timeout = session.is_new, session.idle_timeout
        session.regenerate(or_create=or_create, grace=grace)
        # The timeout of the new session is the one that this request has set, if any.
        if session.is_new and not was_new and session.idle_timeout != timeout:
            self._prepare_new(session)

    def changed(self) -> None:
        """Say that a value was changed in place. Needed only where the session is not used after it was saved.

        That is in a callback that changes a value which it was given before. Otherwise, saving finds such changes by itself.
        """
        _ = self.loaded

    # The parameter has the name that ISession gives it.
    def flash(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, msg: Any, queue: str = "", allow_duplicate: bool = True
    ) -> None:
        """Add a message for a later page. Saved like any other change."""
        self.loaded.flash(msg, queue, allow_duplicate)

    # Of a dictionary.

    def pop(self, key: str, default: Any = None) -> Any:
        """Remove a key and return its value. Without such a key, return default, as both former libraries do."""
        return self.loaded.pop(key, default)

    def clear(self) -> None:
        """Remove all keys, flash messages and the CSRF token, which Pyramid's own sessions keep among the keys.

        The keys are removed when the session is saved. Of a stored session, the messages and the CSRF token are replaced at once,
        with one call for each queue and one for the token.
        """
        session = self.loaded
        session.clear()
        for queue in session.flash_queues:
            session.pop_flash(queue)
        if session.token is not None:
            session.new_csrf_token()

    # Of the CSRF token.

    def get_csrf_token(self) -> str:
        """Return the CSRF token that forms must carry. One call stores a session that is not stored; otherwise, no call."""
        return self.loaded.csrf_token()

    def new_csrf_token(self) -> str:
        """Replace the CSRF token, with one call, and return the new one. Forms with the old one are then rejected."""
        return self.loaded.new_csrf_token()

    # Of the idle timeout and the cookie.

    @property
    def timeout(self) -> int | None:
        """How long this session lives without being used, in seconds. None: without end, or whatever the sidecar says."""
        timeout = self.loaded.idle_timeout
        return None if timeout is None else int(timeout.total_seconds())

    def adjust_timeout_for_session(self, timeout_seconds: float | None) -> None:
        """Set how long this session lives without being used: 1 second to 10 years; None: no limit. Saved with the session."""
        self.loaded.idle_timeout = None if timeout_seconds is None else timedelta(seconds=timeout_seconds)

    adjust_session_timeout = adjust_timeout_for_session

    def adjust_cookie_max_age(self, max_age: int | timedelta | None) -> None:
        """Send the cookie with this response, to be kept for max_age, in seconds. None: until the browser is closed."""
        _ = self.loaded
        self._cookie.adjust_max_age(max_age)

    def adjust_cookie_expires(self, expires: datetime | timedelta | None) -> None:
        """As adjust_cookie_max_age(), for a time that may be absolute. Without a time zone, it is in UTC."""
        _ = self.loaded
        self._cookie.adjust_expires(expires)

    def please_recookie(self) -> None:
        """Send the cookie with this response, though the browser has it: cookie_max_age then starts again."""
        _ = self.loaded
        self._cookie.renew()
