"""The entries of a cache, up to a total size."""

from __future__ import annotations

from .kept_session import Entry, key_of


class GenerationalMap:
    """Evicts roughly those entries that were used least recently.

    Entries are added to the young half, and moved there when they are used. When it is full, it becomes the old half, and the
    entries that are still in the old half are dropped. An entry larger than half of max_bytes is not kept.
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
        """The approximate size of all entries, in bytes."""
        return self._young_size + self._old_size

    def peek(self, key: str) -> Entry | None:
        """Return an entry without counting as a use."""
        return self._young.get(key) or self._old.get(key)

    def use(self, entry: Entry) -> None:
        """Move an entry to the young half."""
        if entry.key not in self._young:
            self.set(entry)

    def set(self, entry: Entry) -> None:
        """Add or replace an entry."""
        self.delete(entry.key)
        if entry.size > self._half:
            return
        if self._young_size + entry.size > self._half:
            self._old, self._old_size = self._young, self._young_size
            self._young, self._young_size = {}, 0
        self._young[entry.key] = entry
        self._young_size += entry.size

    def drop(self, token: str) -> None:
        """Remove the entry of a token, but not that of another token of the same session."""
        entry = self.peek(key_of(token))
        if entry is not None and entry.token == token:
            self.delete(entry.key)

    def delete(self, key: str) -> None:
        if (young := self._young.pop(key, None)) is not None:
            self._young_size -= young.size
        if (old := self._old.pop(key, None)) is not None:
            self._old_size -= old.size
