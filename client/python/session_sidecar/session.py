"""One visitor's session, for code that blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from session_sidecar_proto.session.v1 import session_pb2 as messages

from .base_session import BaseSession
from .plans import run


class Session(BaseSession):
    """A dictionary from str to JSON values, loaded when it was opened. It belongs to one request and is not thread-safe.

    Reads and writes do not call the sidecar. Writes are recorded; save() sends only these, as operations that the sidecar
    applies atomically to the session's current content, so parallel requests that write other keys lose nothing. Values are
    returned by reference, not copied: save() detects those that were changed in place and sends each as a whole. Use transform()
    where parallel requests change the same value. Changes stay recorded until a save() succeeds.

    A key has 1 to 256 bytes of UTF-8 without control characters; assigning to another raises ValueError. Assigning a value that
    JSON cannot hold raises TypeError. Methods that call the sidecar raise SessionError.

    origin: what open() found, for logs: "none" (no token), "found", "not_found" or "token_invalid".
    is_new: whether the visitor came without a session, or the session was invalidated since. Saving does not change it.
    token: the secret that identifies the session in later requests; None unless stored.
    """

    def __init__(
        self, call: Callable[[str, Any], Any], origin: str, token: str | None = None, found: messages.Session | None = None
    ) -> None:
        self._call = call
        super().__init__(origin, token, found)

    def save(self) -> None:
        """Stores the changes since the session was loaded or last saved, in one call and one atomic step.

        Creates the session if it is not stored. Does nothing if nothing changed. Raises SESSION_NOT_FOUND if the session has
        ended meanwhile.
        """
        run(self._saving(), self._call)

    def regenerate(self) -> None:
        """Replaces the token and the CSRF token, and saves, in one atomic step. The old token is invalid at once.

        Call it whenever the visitor's privileges change, above all at login, after writing what changes them (OWASP: session
        fixation). Has no effect on a session that is not stored: it gets a fresh token anyway.
        """
        run(self._regenerating(), self._call)

    def invalidate(self) -> None:
        """Ends the session at once and discards unsaved changes. The object then works like a new session.

        Requests that still run with the old token cannot restore it. Call it at logout.
        """
        run(self._invalidating(), self._call)

    def transform(self, key: str, change: Callable[[Any], Any]) -> Any:
        """Atomically replaces the value at a key with the result of change, so that no parallel change to it is lost.

        change gets None if there is no value. It is called again with the current value if another request came first. The
        result is stored when this returns, without save(). On a session that is not stored, this is an assignment. If the key has
        unsaved changes, change gets the unsaved value, and all unsaved changes are saved.

        Returns the new value. Raises VERSION_MISMATCH after 50 lost races.
        """
        return run(self._transforming(key, change), self._call)

    def peek_flash(self, queue: str = "") -> list[Any]:
        """Returns the messages of a queue, oldest first, including unsaved ones, without removing them.

        Calls the sidecar only if the queue had messages when the session was loaded.
        """
        return run(self._peeking(queue), self._call)

    def pop_flash(self, queue: str = "") -> list[Any]:
        """Like peek_flash(), and removes the messages. No two requests get the same message."""
        return run(self._popping(queue), self._call)

    def csrf_token(self) -> str:
        """Returns the CSRF token that the application's forms must carry.

        Creates a session that is not stored, because only stored sessions have a token; otherwise does not call the sidecar.
        """
        return run(self._getting_csrf_token(), self._call)

    def new_csrf_token(self) -> str:
        """Replaces the CSRF token, so that forms with the old one are rejected. Returns the new one."""
        return run(self._replacing_csrf_token(), self._call)
