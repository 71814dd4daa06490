"""One visitor's session."""

from __future__ import annotations

import hmac
import random
import time
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api

from .codec import decode, encode
from .errors import SessionError
from .flash_messages import FlashMessages
from .replies import check_results, check_session, check_token
from .session_data import SessionData

_MAX_TRANSFORM_ATTEMPTS = 50


class Session(MutableMapping[str, Any]):
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
        self.origin = origin
        self.is_new = found is None
        self._load(token, found)

    def _load(self, token: str | None, stored: messages.Session | None) -> None:
        self.token = token
        self._stored = stored or messages.Session()
        self._data = SessionData(self._stored.data)
        self._flash = FlashMessages(queue.name for queue in self._stored.flash_queues)
        # Not saved yet.
        self._idle_timeout: dict[str, Any] = {}
        self._subject: str | None = None

    @property
    def handle(self) -> str | None:
        """The session's public id, safe to log; regenerate() keeps it. None unless stored."""
        return self._stored.handle or None

    @property
    def version(self) -> int:
        """Incremented by every change from any client; as last reported by the sidecar. 0 unless stored."""
        return self._stored.version

    @property
    def created(self) -> datetime | None:
        """When the session was created, in UTC. None unless stored."""
        return self._time("created")

    @property
    def expires(self) -> datetime | None:
        """When the session expires if it is not used again, in UTC, as last reported by the sidecar. None: never, or new."""
        return self._time("expires")

    @property
    def subject(self) -> str | None:
        """The owner of the session, for example a user id, including an unsaved assignment. None: none. Sent by save()."""
        return (self._stored.subject if self._subject is None else self._subject) or None

    @subject.setter
    def subject(self, subject: str | None) -> None:
        self._subject = subject or ""

    def set_idle_timeout(self, timeout: timedelta | None) -> None:
        """Sets how long this session lives without being used, 1 second to 10 years; None: no limit. Sent by save().

        Does not by itself make save() create a session. save() raises INVALID_ARGUMENT for a timeout out of range.
        """
        self._idle_timeout = {"no_idle_timeout": True} if timeout is None else {"idle_timeout": timeout}

    def __getitem__(self, key: str) -> Any:
        return self._data.get(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self._data.set(key, value)

    def __delitem__(self, key: str) -> None:
        self._data.delete(key)

    def __contains__(self, key: object) -> bool:
        return key in self._data

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Returns the value at a key. For an unset key, sets default, unless a parallel request sets the key before save()."""
        if key not in self:
            self._data.set(key, default, "set_if_absent")
        return self[key]

    def popitem(self) -> tuple[str, Any]:
        """Removes the last key and returns it with its value. Raises KeyError if the session is empty."""
        if not self:
            raise KeyError("The session is empty.")
        key = list(self)[-1]
        return key, self.pop(key)

    def clear(self) -> None:
        """Removes every key, including those that other requests add before save(). Keeps messages, CSRF token and subject."""
        self._data.clear(self.token is not None)

    @property
    def has_changes(self) -> bool:
        """Whether save() has anything to send."""
        if self._flash.has_changes or self._data.mutations():
            return True
        return bool(self.subject) if self.token is None else self._subject is not None or bool(self._idle_timeout)

    def save(self) -> None:
        """Stores the changes since the session was loaded or last saved, in one call and one atomic step.

        Creates the session if it is not stored. Does nothing if nothing changed. Raises SESSION_NOT_FOUND if the session has
        ended meanwhile.
        """
        if not self.has_changes:
            return
        if self.token is None:
            self._create()
            return
        mutations = self._mutations()
        request = api.UpdateSessionRequest(token=self.token, mutations=mutations, subject=self._subject, **self._idle_timeout)
        response = self._call("UpdateSession", request)
        check_results("UpdateSession", request.mutations, response)
        self._settle(mutations, response)
        self._idle_timeout = {}

    def regenerate(self) -> None:
        """Replaces the token and the CSRF token, and saves, in one atomic step. The old token is invalid at once.

        Call it whenever the visitor's privileges change, above all at login, after writing what changes them (OWASP: session
        fixation). Has no effect on a session that is not stored: it gets a fresh token anyway.
        """
        if self.token is None:
            return
        if self._idle_timeout:
            # RegenerateSession has no idle timeout. Saved before, as a later failure would keep the new token from the visitor.
            self.save()
        mutations = self._mutations()
        request = api.RegenerateSessionRequest(token=self.token, mutations=mutations, subject=self._subject)
        response = self._call("RegenerateSession", request)
        check_results("RegenerateSession", request.mutations, response)
        check_token("RegenerateSession", response)
        self.token = response.token
        self._stored.csrf_token = response.csrf_token
        self._settle(mutations, response)

    def invalidate(self) -> None:
        """Ends the session at once and discards unsaved changes. The object then works like a new session.

        Requests that still run with the old token cannot restore it. Call it at logout.
        """
        if self.token is not None:
            self._call("InvalidateSession", api.InvalidateSessionRequest(token=self.token))
            self.is_new = True
        self._load(None, None)

    def transform(self, key: str, change: Callable[[Any], Any]) -> Any:
        """Atomically replaces the value at a key with the result of change, so that no parallel change to it is lost.

        change gets None if there is no value. It is called again with the current value if another request came first. The
        result is stored when this returns, without save(). On a session that is not stored, this is an assignment. If the key has
        unsaved changes, change gets the unsaved value, and all unsaved changes are saved.

        Returns the new value. Raises VERSION_MISMATCH after 50 lost races.
        """
        if self.token is None or self._data.is_changed(key):
            self[key] = change(self.get(key))
            if self.token is not None:
                self.save()
            return self[key]
        for attempt in range(1, _MAX_TRANSFORM_ATTEMPTS + 1):
            try:
                return self._try_transform(key, change)
            except SessionError as error:
                if error.code != "VERSION_MISMATCH" or attempt == _MAX_TRANSFORM_ATTEMPTS:
                    raise
            # Jitter, so that requests that lost the same race do not all race again.
            time.sleep(random.random() * min(attempt, 20) / 1000)

    def flash(self, message: Any, queue: str = "", allow_duplicate: bool = True) -> None:
        """Adds a message for a later page, usually the one after a redirect. Stored by save().

        queue: its name, up to 256 bytes. Default: the empty string, the default queue.
        allow_duplicate: whether to add the message even if the queue already has an equal one.
        """
        self._flash.push(message, queue, allow_duplicate)

    def peek_flash(self, queue: str = "") -> list[Any]:
        """Returns the messages of a queue, oldest first, including unsaved ones, without removing them.

        Calls the sidecar only if the queue had messages when the session was loaded.
        """
        return self._flash.read(queue, self._waiting("PeekFlash", api.PeekFlashRequest(token=self.token, queue=queue)))

    def pop_flash(self, queue: str = "") -> list[Any]:
        """Like peek_flash(), and removes the messages. No two requests get the same message."""
        waiting = self._waiting("PopFlash", api.PopFlashRequest(token=self.token, queue=queue))
        popped = self._flash.read(queue, waiting)
        self._flash.forget(queue)
        return popped

    def csrf_token(self) -> str:
        """Returns the CSRF token that the application's forms must carry.

        Creates a session that is not stored, because only stored sessions have a token; otherwise does not call the sidecar.
        """
        if self.token is None:
            self._create()
        return self._stored.csrf_token

    def new_csrf_token(self) -> str:
        """Replaces the CSRF token, so that forms with the old one are rejected. Returns the new one."""
        if self.token is not None:
            self._stored.csrf_token = self._call("NewCsrfToken", api.NewCsrfTokenRequest(token=self.token)).csrf_token
        return self.csrf_token()

    def check_csrf_token(self, token: str | None) -> bool:
        """Compares with the CSRF token as loaded, in constant time. False unless the session is stored."""
        given = (token or "").encode("utf-8", "surrogatepass")
        return bool(given) and self.token is not None and hmac.compare_digest(given, self._stored.csrf_token.encode())

    def _create(self) -> None:
        request = api.CreateSessionRequest(mutations=self._mutations(), subject=self.subject, **self._idle_timeout)
        response = self._call("CreateSession", request)
        check_results("CreateSession", request.mutations, response)
        check_session("CreateSession", response)
        check_token("CreateSession", response)
        data = self._data
        data.settle(list(request.mutations), response.results)
        self._load(response.token, response.session)
        self._data = data  # The same values, because the application may still change them in place.

    def _try_transform(self, key: str, change: Callable[[Any], Any]) -> Any:
        response = self._call("GetSession", api.GetSessionRequest(token=self.token))
        check_session("GetSession", response)
        current = response.session
        before = decode(current.data[key], repr(key)) if key in current.data else None
        text = encode(change(before), repr(key))
        mutation = messages.Mutation(set={"key": key, "value": text})
        request = api.UpdateSessionRequest(token=self.token, mutations=[mutation], if_version=current.version)
        response = self._call("UpdateSession", request)
        check_results("UpdateSession", request.mutations, response)
        self._data.adopt(key, text)
        self._update(response)
        return self[key]

    def _waiting(self, method: str, request: Any) -> Sequence[bytes]:
        if self.token is None or not self._flash.is_waiting(request.queue):
            return []
        waiting: Sequence[bytes] = self._call(method, request).messages
        return waiting

    def _mutations(self) -> list[messages.Mutation]:
        mutations = self._data.mutations()
        self._data.mark_maybe_stored(mutations)
        return mutations + self._flash.mutations()

    def _settle(self, mutations: list[messages.Mutation], response: Any) -> None:
        flash_count = len(self._flash.mutations())
        self._data.settle(mutations, response.results)
        self._flash.settle(response.results[len(mutations) - flash_count :])
        if self._subject is not None:
            self._stored.subject, self._subject = self._subject, None
        self._update(response)

    def _update(self, response: Any) -> None:
        self._stored.version = response.version
        self._stored.ClearField("expires")
        if response.HasField("expires"):
            self._stored.expires.CopyFrom(response.expires)

    def _time(self, field: str) -> datetime | None:
        return getattr(self._stored, field).ToDatetime(timezone.utc) if self._stored.HasField(field) else None
