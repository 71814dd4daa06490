"""Sessions in the cache: as received, as confirmed, and as updates leave them."""

from __future__ import annotations

import sys
from typing import Any

from ..ordered_messages import Session, data_of, set_data

# The length of the prefix that a token shares with the handle of its session.
_SHARED_LENGTH = 21
# What the field of a queue's number of messages holds.
_MAX_COUNT = 2**31 - 1
# The approximate size of an entry and of its place in a dictionary, without its strings.
_ENTRY_BYTES = 330


def key_of(token_or_handle: str) -> str:
    """Return the prefix that a token and the handle of its session share."""
    return token_or_handle[:_SHARED_LENGTH]


class Entry:
    """A session in the cache. A change makes a new entry: only epoch and live_until are ever modified.

    encoded: the session as protobuf. Unlike the size of a message object, that of the encoded bytes is known.
    etag: names the state of the session for the sidecar.
    size: approximate, in bytes.
    epoch: in which every change to the session is reported. None: the session must be validated.
    live_until: when the session must be validated at the latest, by time.monotonic().
    """

    __slots__ = ("encoded", "epoch", "etag", "key", "live_until", "size", "token", "version")

    def __init__(self, token: str, version: int, encoded: bytes, etag: bytes) -> None:
        self.key = key_of(token)
        self.token = token
        self.version = version
        self.encoded = encoded
        self.etag = etag
        self.size = _ENTRY_BYTES + sum(map(sys.getsizeof, (self.key, token, encoded, etag)))
        self.epoch: int | None = None
        self.live_until = 0.0

    def outranks(self, other: Entry) -> bool:
        """Return whether this is newer than another entry of the same epoch, or has the same state and is live for longer."""
        if self.version != other.version:
            return self.version > other.version
        return other.epoch is None or (self.etag == other.etag and self.live_until > other.live_until)


def session_of(entry: Entry) -> Any:
    """Return a copy of the Session, which the caller may modify."""
    return Session.FromString(entry.encoded)


def received(token: str, session: Any, etag: bytes) -> Entry:
    """Return an entry with a Session as the sidecar sent it."""
    return Entry(token, session.version, session.SerializeToString(), etag)


def confirmed(entry: Entry, times: Any) -> Entry:
    """Return an entry with the same state and the times with which the sidecar confirmed it."""
    session = session_of(entry)
    _copy(times, session, "accessed")
    _copy(times, session, "expires")
    return received(entry.token, session, entry.etag)


def updated(entry: Entry, request: Any, response: Any) -> Entry | None:
    """Return an entry with the state after an update that the sidecar applied to this state. None: that is not known."""
    if not response.etag or any(map(request.HasField, ("subject", "label", "idle_timeout", "no_idle_timeout"))):
        return None
    session = session_of(entry)
    data = data_of(session)
    for mutation, result in zip(request.mutations, response.results, strict=True):
        kind = mutation.WhichOneof("kind")
        if kind in ("set", "set_if_absent"):
            write = getattr(mutation, kind)
            if result.applied:
                data[write.key] = write.value
        elif kind == "delete":
            data.pop(mutation.delete.key, None)
        elif kind == "clear":
            data.clear()
        elif kind == "push_flash":
            if result.applied:
                _count_message(session, mutation.push_flash.queue)
        else:
            return None
    set_data(session, data)
    session.version = response.version
    _copy(response, session, "expires")
    return received(entry.token, session, response.etag)


def _copy(source: Any, session: Any, field: str) -> None:
    session.ClearField(field)
    if source.HasField(field):
        getattr(session, field).CopyFrom(getattr(source, field))


def _count_message(session: Any, name: str) -> None:
    for queue in session.flash_queues:
        if queue.name == name:
            queue.message_count = min(queue.message_count, _MAX_COUNT - 1) + 1
            return
    session.flash_queues.add(name=name, message_count=1)
