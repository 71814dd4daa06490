"""The sessions in the cache."""

from __future__ import annotations

import sys

# How many of its first characters a token shares with the handle of its session.
_SHARED_LENGTH = 21
# Approximate size of an entry and of its place in a dictionary, without its texts.
_ENTRY_BYTES = 330


def key_of(token_or_handle: str) -> str:
    """What a token and the handle of its session have in common."""
    return token_or_handle[:_SHARED_LENGTH]


class Entry:
    """A session in the cache. It never changes, apart from what it is trusted for: a change makes another one.

    encoded: the session as protobuf, whose size is known, unlike that of a message.
    etag: names its state for the sidecar.
    size: approximate, in bytes.
    epoch: in which every change to it would be reported; None: the sidecar has to confirm it.
    live_until: until when the sidecar need not be asked, by time.monotonic().
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
        """Whether this is newer than another entry of the same epoch, or is the same state and live for longer."""
        if self.version != other.version:
            return self.version > other.version
        return other.epoch is None or (self.etag == other.etag and self.live_until > other.live_until)


class Entries:
    """Bounded by their size; about those that were used least recently are dropped.

    They are added to the young half, or moved there when they are used; when that is full, it becomes the old half, and what was
    left there is dropped. One of more than half of the maximum size is not kept.
    """

    def __init__(self, max_bytes: int) -> None:
        self._half = max_bytes / 2
        self._young: dict[str, Entry] = {}
        self._old: dict[str, Entry] = {}
        self._young_size = self._old_size = 0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    @property
    def size(self) -> int:
        return self._young_size + self._old_size

    def peek(self, key: str) -> Entry | None:
        """Does not count as a use."""
        return self._young.get(key) or self._old.get(key)

    def use(self, entry: Entry) -> None:
        if entry.key not in self._young:
            self.set(entry)

    def set(self, entry: Entry) -> None:
        self.delete(entry.key)
        if entry.size > self._half:
            return
        if self._young_size + entry.size > self._half:
            self._old, self._old_size = self._young, self._young_size
            self._young, self._young_size = {}, 0
        self._young[entry.key] = entry
        self._young_size += entry.size

    def drop(self, token: str) -> None:
        """Removes the entry of a token, but not that of another token of the same session."""
        entry = self.peek(key_of(token))
        if entry is not None and entry.token == token:
            self.delete(entry.key)

    def delete(self, key: str) -> None:
        if (young := self._young.pop(key, None)) is not None:
            self._young_size -= young.size
        if (old := self._old.pop(key, None)) is not None:
            self._old_size -= old.size
