"""What a session knows without calling the sidecar."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta, timezone
from typing import Any, Literal

from .codecs.value_codec import ValueCodec
from .flash_messages import FlashMessages
from .idle_timeout import IdleTimeout
from .names import is_unicode
from .opening import Opened
from .ordered_messages import Session, data_of
from .session_data import SessionData
from .session_mapping import SessionMapping


class SessionFacts(SessionMapping):
    """The session as loaded, with the changes that are not saved yet."""

    def __init__(self, codec: ValueCodec, opened: Opened) -> None:
        self.origin = opened.origin
        self.is_new = opened.found is None
        self._codec = codec
        self._id = opened.id
        self._was_invalidated = False
        self._load(opened.token, opened.found)
        self._fence: int | None = opened.fence

    def _load(self, token: str | None, stored: Any) -> None:
        self.token = token
        self._stored = Session() if stored is None else stored
        # The version whose values the session has, apart from what is not saved.
        self._loaded_version = self._stored.version
        self._fence = None
        self._data = SessionData(data_of(self._stored), self._codec)
        self._flash = FlashMessages((queue.name for queue in self._stored.flash_queues), self._codec)
        # Not saved yet. None: unchanged. The empty string is the subject, or the label, of a session without one.
        self._idle_timeout: IdleTimeout | None = None
        self._subject: str | None = None
        self._label: str | None = None

    def __repr__(self) -> str:
        keys = "1 key" if len(self) == 1 else f"{len(self)} keys"
        handle = f" {self.handle}" if self.handle else ""
        return f"<{type(self).__name__}{handle}: {self.state}, {keys}>"

    @property
    def _is_stored(self) -> bool:
        return self.token is not None

    @property
    def state(self) -> Literal["new", "stored", "invalidated"]:
        """Whether the sidecar has the session.

        "new": it is not stored. The first save() that has something to store makes it "stored".
        "stored": the sidecar has it, as far as is known. invalidate() makes it "invalidated".
        "invalidated": it has ended. The object is empty and works like a new session.
        """
        if self._is_stored:
            return "stored"
        return "invalidated" if self._was_invalidated else "new"

    @property
    def handle(self) -> str | None:
        """The session's public id, which is safe to log. regenerate() keeps it. None unless the session is stored."""
        return self._stored.handle or None

    @property
    def version(self) -> int:
        """The session's version, as last reported by the sidecar. Every change by any client increments it. 0 unless stored."""
        return int(self._stored.version)

    @property
    def fence(self) -> int | None:
        """The number of the lease that SessionClient.lock() opened the session under. None without one.

        Later leases of the session have greater numbers. Pass it to other systems that can reject what comes from an earlier
        lease.
        """
        return self._fence

    @property
    def created(self) -> datetime | None:
        """When the session was created, in UTC. None unless the session is stored."""
        return self._time("created")

    @property
    def expires(self) -> datetime | None:
        """When the session expires if it is not used again, in UTC, as last reported by the sidecar.

        None if the session never expires or is not stored.
        """
        return self._time("expires")

    @property
    def subject(self) -> str | None:
        """The owner of the session, for example a user id, as assigned even if that is not saved yet. None: no owner.

        save() stores an assignment.
        """
        return (self._stored.subject if self._subject is None else self._subject) or None

    @subject.setter
    def subject(self, subject: str | None) -> None:
        self._subject = _checked_text(subject, "the subject")

    @property
    def label(self) -> str | None:
        """What describes the session to its owner in a list of sessions, even if that is not saved yet. None: nothing.

        Assign, for example, the device and the address: 1 to 256 bytes of UTF-8 without control characters. save() stores it, but
        does not create a session for it alone.
        """
        return (self._stored.label if self._label is None else self._label) or None

    @label.setter
    def label(self, label: str | None) -> None:
        self._label = _checked_text(label, "the label")

    @property
    def idle_timeout(self) -> timedelta | None:
        """How long the session lives without being used, as assigned even if that is not saved yet.

        Assign 1 second to 10 years, or None: no limit. save() stores it, but does not create a session for it alone. It is None,
        too, if the session is not stored and nothing was assigned: the sidecar's default will apply.

        Raises TypeError if what is assigned is not a timedelta, and ValueError if it is too short or too long.
        """
        if self._idle_timeout is not None:
            return self._idle_timeout.value
        stored = self._stored
        return stored.idle_timeout.ToTimedelta() if stored.HasField("idle_timeout") else None

    @idle_timeout.setter
    def idle_timeout(self, timeout: timedelta | None) -> None:
        self._idle_timeout = IdleTimeout(timeout)

    def set_idle_timeout(self, timeout: timedelta | None) -> None:
        """Assign idle_timeout."""
        self.idle_timeout = timeout

    @property
    def has_changes(self) -> bool:
        """Whether save() has anything to send."""
        return bool(self._flash.pending()) or self._data.has_changes or self._has_changed_facts()

    def flash(self, message: Any, queue: str = "", allow_duplicate: bool = True) -> None:
        """Add a message for a later page, usually the one after a redirect. save() stores it.

        queue: the name of the queue, up to 256 bytes of UTF-8 without control characters. Default: the empty string.
        allow_duplicate: whether to add the message even if the queue already has an equal one. Messages are compared as JSON
            values, whichever language has written them: the order of keys does not count, and 1 and 1.0 are equal. Default: True.

        Raises TypeError if the codec does not keep the message, and ValueError if the name is invalid.
        """
        self._flash.push(message, queue, allow_duplicate)

    @property
    def flash_queues(self) -> tuple[str, ...]:
        """The names of the queues that have messages, as far as this object knows, unsaved ones included."""
        return self._flash.queues

    def check_csrf_token(self, token: str | None) -> bool:
        """Compare a token with the CSRF token as loaded, in constant time. False unless the session is stored."""
        if not isinstance(token, str) or not token or not self._is_stored:
            return False
        return hmac.compare_digest(token.encode("utf-8", "surrogatepass"), self._stored.csrf_token.encode())

    def _has_changed_facts(self) -> bool:
        """Return whether the subject, the label or the idle timeout must be stored. Of a new session, only the subject must."""
        if not self._is_stored:
            return bool(self.subject)
        return any(fact is not None for fact in (self._subject, self._label, self._idle_timeout))

    def _time(self, field: str) -> datetime | None:
        return getattr(self._stored, field).ToDatetime(timezone.utc) if self._stored.HasField(field) else None


def _checked_text(text: str | None, what: str) -> str:
    if text is not None and not isinstance(text, str):
        raise TypeError(f"Expected {what} to be a str or None, got {type(text).__name__}")
    if text is not None and not is_unicode(text):
        raise ValueError(f"Expected {what} to be valid Unicode, got a lone surrogate")
    return text or ""
