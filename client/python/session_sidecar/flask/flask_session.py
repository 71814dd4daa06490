"""The session that a Flask application has as flask.session."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import flask
from flask.sessions import SessionMixin

from ..base_session import OnConflict
from ..web import LazySession, RequestSession

# The keys under which Flask keeps what it knows of a session.
FLASHES = "_flashes"
PERMANENT = "_permanent"
# The category of a message that was flashed without one. Such messages are stored as other languages store theirs.
_DEFAULT_CATEGORY = "message"


class FlaskSession(LazySession, SessionMixin):
    """The visitor's session. It is loaded at its first use, and saved when the response is sent.

    It has the habits of Flask's own: flask.flash() and get_flashed_messages() work on it, `permanent` decides how long it is
    kept, and `modified` may be set, but has no effect, because changes are detected.

    Messages are in the queue "" of the session: one without a category as it is, any other as a list of category and message.
    They are no key of the session when it is iterated.
    """

    def __init__(self, request_session: RequestSession, lifetime: timedelta) -> None:
        super().__init__(request_session.load)
        self.request_session = request_session
        self._lifetime = lifetime
        # As assigned, until it is written.
        self._permanent: bool | None = None
        # The messages that the application has read and may add to.
        self._read: list[Any] = []

    @property
    def new(self) -> bool:  # type: ignore[override]
        """Whether the visitor came without a session, or it was ended since."""
        return self.is_new

    @property
    def permanent(self) -> bool:
        """Whether the session and its cookie are kept for PERMANENT_SESSION_LIFETIME, rather than until the browser is closed.

        An assignment has an effect on a session that holds something, or gets to hold something in the same request. It stores
        none for visitors who only look.
        """
        return bool(self.get(PERMANENT)) if self._permanent is None else self._permanent

    @permanent.setter
    def permanent(self, value: bool) -> None:
        self._permanent = bool(value)

    def write_permanent(self) -> None:
        """Write what was assigned to `permanent`, if there is a session to write it to."""
        session = self.request_session.session
        if self._permanent is None or session is None or self.request_session.failure is not None:
            return
        if session.token is None and not session.has_changes:
            return
        # It is not tried again if it fails.
        permanent, self._permanent = self._permanent, None
        if permanent != bool(session.get(PERMANENT)):
            session[PERMANENT] = permanent
            if permanent:
                session.set_idle_timeout(self._lifetime)

    def save(self, *, on_conflict: OnConflict = "merge") -> None:
        """As Session.save(). It is saved without this before the headers of the response are sent."""
        self.write_permanent()
        super().save(on_conflict=on_conflict)

    def regenerate(self, *, or_create: bool = False, grace: float | None = None) -> None:
        """As Session.regenerate()."""
        self.write_permanent()
        super().regenerate(or_create=or_create, grace=grace)

    def clear(self) -> None:
        """End the session, as invalidate() does. What is written afterwards starts a new one, with another token."""
        self.invalidate()

    def __getitem__(self, key: str) -> Any:
        if key != FLASHES:
            return super().__getitem__(key)
        self._read = [_flash_of(message) for message in self.peek_flash()]
        if not self._read:
            raise KeyError(key)
        return list(self._read)

    def __setitem__(self, key: str, value: Any) -> None:
        if key != FLASHES:
            super().__setitem__(key, value)
            return
        known = len(self._read)
        if [*map(tuple, value[:known])] != self._read:
            self.pop_flash()
            known = 0
        for category, message in value[known:]:
            self.flash(message if category == _DEFAULT_CATEGORY and isinstance(message, str) else [category, message])
        self._read = [*map(tuple, value)]

    def __delitem__(self, key: str) -> None:
        if key == FLASHES:
            self._pop_flashes()
        else:
            super().__delitem__(key)

    def __contains__(self, key: object) -> bool:
        return self._has_flashes() if key == FLASHES else super().__contains__(key)

    def pop(self, key: str, *default: Any) -> Any:
        """As dict.pop()."""
        if key != FLASHES or (default and not self._has_flashes()):
            return super().pop(key, *default)
        return self._pop_flashes()

    def _has_flashes(self) -> bool:
        """Return whether there are messages, as far as is known without a call."""
        return "" in self.flash_queues

    def _pop_flashes(self) -> list[Any]:
        if not self._has_flashes():
            raise KeyError(FLASHES)
        self._read = []
        return [_flash_of(message) for message in self.pop_flash()]


def _flash_of(message: Any) -> tuple[str, Any]:
    """Return a message with its category."""
    if isinstance(message, list) and len(message) == 2 and isinstance(message[0], str):
        return message[0], message[1]
    return _DEFAULT_CATEGORY, message


# flask.session, with the type that it has in an application with SessionSidecar.
session = cast(FlaskSession, flask.session)
