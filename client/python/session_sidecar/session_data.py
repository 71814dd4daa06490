"""A session's keys and values, and the writes since the last save."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from session_sidecar_proto.session.v1.session_pb2 import Mutation, MutationResult

from .codecs.value_codec import ValueCodec
from .names import check_name

_MISSING: Any = object()


@dataclass(repr=False)
class _Slot:
    """One value.

    stored: how the value is encoded in the sidecar, as far as is known. None: it was never sent.
    value: decoded once and returned to every reader, so that changes in place can be detected.
    """

    stored: bytes | None
    value: Any = _MISSING


@dataclass(repr=False)
class _Write:
    """The last write of a key.

    kind: set, set_if_absent or delete.
    offered: the encoded value, as it was when it was set.
    moves: whether the key was removed before, so that it has become the last.
    """

    kind: str
    offered: bytes = b""
    moves: bool = False


class SessionData:
    """The keys and values as loaded, with the pending writes applied. Keys have the order in which they were first written."""

    def __init__(self, data: Mapping[str, bytes], codec: ValueCodec) -> None:
        self._codec = codec
        self._slots = {key: _Slot(data[key]) for key in data}
        # In the order in which they are sent, which gives new keys their order.
        self._writes: dict[str, _Write] = {}
        # Keys that the sidecar has, or may have because a write was sent. Removing another key sends nothing.
        self._maybe_stored = set(data)
        self._cleared = False

    def __len__(self) -> int:
        return len(self._slots)

    def __iter__(self) -> Iterator[str]:
        return iter(self._slots)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._slots)

    def __contains__(self, key: object) -> bool:
        return key in self._slots

    def get(self, key: str) -> Any:
        slot = self._slots[key]
        if slot.value is _MISSING:
            slot.value = self._codec.decode(slot.stored or b"", repr(key))
        return slot.value

    def set(self, key: str, value: Any) -> None:
        self._write(key, value, "set", self._checked(key, value))

    def set_default(self, key: str, value: Any) -> None:
        text = self._checked(key, value)
        # If this session removed the key before, a value that another request stores must not win.
        self._write(key, value, "set" if self.is_removed(key) else "set_if_absent", text)

    def update(self, entries: Iterable[tuple[str, Any]]) -> None:
        """Set all entries. If one of them raises TypeError or ValueError, none is set."""
        checked = [(key, value, self._checked(key, value)) for key, value in entries]
        for key, value, text in checked:
            self._write(key, value, "set", text)

    def delete(self, key: str) -> None:
        del self._slots[key]
        self._writes.pop(key, None)
        if key in self._maybe_stored and not self._cleared:
            self._writes[key] = _Write("delete")

    def clear(self, is_stored: bool) -> None:
        self._slots.clear()
        self._writes.clear()
        self._cleared = is_stored

    def written(self) -> SessionData:
        """Return the data of another session: what was set here and not saved, and nothing that was loaded."""
        data = SessionData({}, self._codec)
        for key, write in self._writes.items():
            if write.kind != "delete":
                data._write(key, self._slots[key].value, write.kind, write.offered)
        return data

    def adopt(self, key: str, text: bytes) -> None:
        """Set the value at a key to the one that the sidecar has stored."""
        self._slots[key] = _Slot(text)
        self._maybe_stored.add(key)

    def is_removed(self, key: str) -> bool:
        return self._cleared or key in self._writes

    def is_changed(self, key: str) -> bool:
        return self.is_removed(key) or (key in self._slots and self._changed_inside(key) is not None)

    @property
    def has_changes(self) -> bool:
        """Whether there are mutations."""
        return self._cleared or bool(self._writes) or any(self._changed_inside(key) is not None for key in self._slots)

    def mutations(self) -> list[Mutation]:
        mutations = [Mutation(clear={})] if self._cleared else []
        for key, write in self._writes.items():
            if write.kind == "delete" or write.moves:
                mutations.append(Mutation(delete={"key": key}))
            if write.kind == "delete":
                continue
            value = self._codec.encode(self._slots[key].value, repr(key))
            # A default that was changed in place afterwards is an ordinary write.
            is_default = write.kind == "set_if_absent" and value == write.offered
            mutations.append(Mutation(**{"set_if_absent" if is_default else "set": {"key": key, "value": value}}))
        for key in self._slots:
            changed = None if key in self._writes else self._changed_inside(key)
            if changed is not None:
                mutations.append(Mutation(set={"key": key, "value": changed}))
        return mutations

    def mark_maybe_stored(self, mutations: list[Mutation]) -> None:
        """Record that mutations are sent. The sidecar may apply them even if the reply does not arrive."""
        kinds = ((mutation.WhichOneof("kind"), mutation) for mutation in mutations)
        self._maybe_stored.update(getattr(each, kind).key for kind, each in kinds if kind in ("set", "set_if_absent"))

    def settle(self, mutations: list[Mutation], results: list[MutationResult]) -> None:
        """Record that the sidecar has applied the mutations, with these results."""
        for mutation, result in zip(mutations, results, strict=True):
            kind = mutation.WhichOneof("kind")
            if kind == "delete":
                self._maybe_stored.discard(mutation.delete.key)
            elif kind == "set":
                self._maybe_stored.add(mutation.set.key)
                self._slots[mutation.set.key].stored = mutation.set.value
            elif kind == "set_if_absent" and result.applied:
                self._slots[mutation.set_if_absent.key].stored = mutation.set_if_absent.value
            elif kind == "set_if_absent":
                self._slots[mutation.set_if_absent.key] = _Slot(result.value)
        self._writes.clear()
        self._cleared = False

    def _checked(self, key: str, value: Any) -> bytes:
        check_name(key, "the key")
        return self._codec.encode(value, repr(key))

    def _write(self, key: str, value: Any, kind: str, text: bytes) -> None:
        before = self._writes.get(key)
        moves = before is not None and (before.moves or before.kind == "delete")
        if key not in self._slots:
            # It becomes the last of the new keys.
            self._writes.pop(key, None)
        self._slots[key] = _Slot(None, value)
        self._writes[key] = _Write(kind, text, moves)

    def _changed_inside(self, key: str) -> bytes | None:
        """Return the new encoding of a value that was changed in place. None: it was not changed."""
        slot = self._slots[key]
        if slot.stored is None or slot.value is _MISSING:
            return None
        return self._codec.encode_if_changed(slot.value, slot.stored, repr(key))
