"""A session's keys and values, and the writes since the last save."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from session_sidecar_proto.session.v1.session_pb2 import Mutation, MutationResult

from .codec import decode, encode
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


class SessionData:
    """The keys and values as loaded, with the pending writes applied."""

    def __init__(self, data: Mapping[str, bytes]) -> None:
        self._slots = {key: _Slot(data[key]) for key in data}
        # The last write of each key: its kind (set, set_if_absent or delete) and the encoded value.
        self._writes: dict[str, tuple[str, bytes]] = {}
        # Keys that the sidecar has, or may have because a write was sent. Removing another key sends nothing.
        self._maybe_stored = set(data)
        self._cleared = False

    def __len__(self) -> int:
        return len(self._slots)

    def __iter__(self) -> Iterator[str]:
        return iter(self._slots)

    def __contains__(self, key: object) -> bool:
        return key in self._slots

    def get(self, key: str) -> Any:
        slot = self._slots[key]
        if slot.value is _MISSING:
            slot.value = decode(slot.stored or b"", repr(key))
        return slot.value

    def set(self, key: str, value: Any, kind: str = "set") -> None:
        check_name(key, "the key")
        text = encode(value, repr(key))
        if self.is_removed(key):
            kind = "set"  # This session removed the key before, so a value that another request stores must not win.
        self._slots[key] = _Slot(None, value)
        self._writes[key] = (kind, text)

    def delete(self, key: str) -> None:
        del self._slots[key]
        if key in self._maybe_stored and not self._cleared:
            self._writes[key] = ("delete", b"")
        else:
            self._writes.pop(key, None)

    def clear(self, is_stored: bool) -> None:
        self._slots.clear()
        self._writes.clear()
        self._cleared = is_stored

    def adopt(self, key: str, text: bytes) -> None:
        """Set the value at a key to the one that the sidecar has stored."""
        self._slots[key] = _Slot(text)
        self._maybe_stored.add(key)

    def is_removed(self, key: str) -> bool:
        return self._cleared or key in self._writes

    def is_changed(self, key: str) -> bool:
        return self.is_removed(key) or (key in self._slots and self._changed_inside(key) is not None)

    def mutations(self) -> list[Mutation]:
        mutations = [Mutation(clear={})] if self._cleared else []
        for key, (kind, offered) in self._writes.items():
            if kind == "delete":
                mutations.append(Mutation(delete={"key": key}))
                continue
            value = encode(self._slots[key].value, repr(key))
            # A default that was changed in place afterwards is an ordinary write.
            is_default = kind == "set_if_absent" and value == offered
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
                self._slots[mutation.set.key].stored = mutation.set.value
            elif kind == "set_if_absent" and result.applied:
                self._slots[mutation.set_if_absent.key].stored = mutation.set_if_absent.value
            elif kind == "set_if_absent":
                self._slots[mutation.set_if_absent.key] = _Slot(result.value)
        self._writes.clear()
        self._cleared = False

    def _changed_inside(self, key: str) -> bytes | None:
        """Return the new encoding of a value that was changed in place. None: it was not changed."""
        slot = self._slots[key]
        if slot.stored is None or not isinstance(slot.value, (dict, list)):
            return None
        # The encodings cannot be compared: another language may use other white space or escapes, and a value that is decoded as
        # infinity or NaN cannot be encoded. Nor can the values: NaN is not equal to itself, and 1 is equal to True.
        if repr(slot.value) == repr(json.loads(slot.stored)):
            return None
        now = encode(slot.value, repr(key))
        return None if now == slot.stored else now
