"""Sessions for code that blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .base_session import BaseSession, OnConflict
from .codecs.value_codec import ValueCodec
from .opening import Opened
from .plans import run


class Session(BaseSession):
    """One visitor's session: a dictionary from str to values, loaded by SessionClient.open().

    It belongs to one request and is not thread-safe.

    Reads and writes do not call the sidecar. Writes are recorded, and save() sends them as mutations, which the sidecar applies
    atomically to the current content of the session. Parallel requests that write other keys therefore lose nothing. Values are
    returned by reference: save() detects those that were changed in place, and sends each as a whole. Use transform() where
    parallel requests change the same value. Changes stay recorded until a save() succeeds.

    A key has 1 to 256 bytes of UTF-8 without control characters. Assigning to any other key raises ValueError, and assigning a
    value that the codec does not keep raises TypeError; then nothing is changed. Keys have the order in which they were first
    written, by any client. Methods that call the sidecar raise SessionError.

    origin: what open() found, for logs: "none" (no token), "found", "not_found" or "token_invalid".
    is_new: whether the visitor came without a session or the session was invalidated since. Saving does not change that.
    token: the secret that identifies the session in later requests. None unless the session is stored.
    """

    def __init__(self, call: Callable[[str, Any], Any], codec: ValueCodec, opened: Opened) -> None:
        self._call = call
        super().__init__(codec, opened)

    def save(self, *, on_conflict: OnConflict = "merge") -> None:
        """Store the changes since the session was loaded or last saved, in one call and one atomic step.

        Creates the session if it is not stored. Does nothing if nothing changed. Raises SESSION_NOT_FOUND if the session has
        ended since it was opened, and LEASE_LOST if the lease of SessionClient.lock() has ended.

        on_conflict: what happens if another request has changed the session since it was loaded or last saved. "merge": the
            changes are applied to what is stored now; keys that were not changed here keep what the other request has written.
            "fail": raises VERSION_MISMATCH and stores nothing; open the session again and apply the changes to it. Default:
            "merge".
        """
        run(self._saving(on_conflict=on_conflict), self._call)

    def regenerate(self, *, or_create: bool = False, grace: float | None = None) -> None:
        """Replace the token and the CSRF token, and save, in one atomic step. The old token becomes invalid at once.

        To prevent session fixation, call it whenever the visitor's privileges change, above all at login, after the writes that
        change them. It has no effect on a session that is not stored, which gets a fresh token anyway.

        or_create: for logins, which a double click sends twice. Whether to go on with a new session if this one has ended
            meanwhile, or another request has replaced its token: one that holds only what was set on this object and not saved
            yet, its unsaved messages, idle timeout, subject and label included. Nothing that was loaded is in it, so set only
            what this request itself has proved, not what it has read from the session. Default: False, because a logout is final.

        grace: for how long the old token still finds the session, in seconds up to 30, so that requests that the browser has
            already sent with it are not signed out. Not for logins: raises INVALID_ARGUMENT if the subject is changed, too. A
            later change of the subject and another regenerate() end it. Default: not at all.

        Raises SESSION_NOT_FOUND if the session has ended or its token was replaced, unless or_create is set and there is anything
        unsaved. Then, and if the new session cannot be created, nothing is changed.
        """
        run(self._regenerating(or_create, grace), self._call)

    def invalidate(self) -> None:
        """End the session at once and discard unsaved changes. Call it at logout.

        Requests in flight with the old token cannot restore the session. The object can then be used as a new session.
        """
        run(self._invalidating(), self._call)

    def transform(self, key: str, change: Callable[[Any], Any]) -> Any:
        """Atomically replaces the value at a key with the result of change, so that no parallel change to it is lost.

        change receives the current value, or None if the key does not exist, and is called again with the new value if another
        request changed the session first. The result is stored without save(). On a session that is not stored, this is an
        assignment. If the key has unsaved changes, change receives the unsaved value, and all unsaved changes are saved.

        Returns the new value. Raises VERSION_MISMATCH after 50 lost races.
        """
        return run(self._transforming(key, change), self._call)

    def peek_flash(self, queue: str = "") -> list[Any]:
        """Return the messages of a queue, oldest first and including unsaved ones, without removing them.

        Calls the sidecar only if the queue has stored messages, as far as this object knows.
        """
        return run(self._peeking(queue), self._call)

    def pop_flash(self, queue: str = "") -> list[Any]:
        """Return the messages of a queue like peek_flash(), and remove them. No two requests get the same message."""
        return run(self._popping(queue), self._call)

    def pop_flash_and_save(self, queue: str = "") -> list[Any]:
        """Return what pop_flash() does, and save(): in one call and one atomic step where there is something to do for both.

        Unsaved messages of the queue are returned without being sent. If it fails, nothing was popped.
        """
        return run(self._popping_and_saving(queue), self._call)

    def csrf_token(self) -> str:
        """Return the CSRF token that the application's forms must carry.

        Only stored sessions have one, so this creates a session that is not stored. Otherwise it does not call the sidecar.
        """
        return run(self._getting_csrf_token(), self._call)

    def new_csrf_token(self) -> str:
        """Replace the CSRF token and return the new one. Forms with the old token are then rejected."""
        return run(self._replacing_csrf_token(), self._call)
