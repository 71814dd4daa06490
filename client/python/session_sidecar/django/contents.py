"""A session's values as the sidecar has them, and the changes that lead to those of a request."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from session_sidecar_proto.session.v1.session_pb2 import Mutation

from ..names import check_name
from .values import Serializer, decode, encode

# Where Django itself reports sessions that it cannot read.
suspicious_log = logging.getLogger("django.security.SuspiciousSession")

# Stands for a value that was sent and not acknowledged, so it may be stored. No value is encoded like this.
_UNKNOWN = b""


class StoredContents:
    """The encoded values by key, as far as this request knows.

    Changes are found by comparison when the session is saved, because Django and applications write to a plain dictionary.
    """

    def __init__(self, serializer: Serializer, texts: Mapping[str, bytes] | None = None) -> None:
        self._serializer = serializer
        self._texts = dict(texts or {})
        self._unreadable: set[str] = set()
        self._is_cleared = False

    def values(self) -> dict[str, Any]:
        """Return the values. Those that the serializer cannot read are left out, as if they did not exist, and stay stored."""
        values = {}
        for key, text in self._texts.items():
            try:
                values[key] = decode(self._serializer, text)
            except Exception as cause:  # Whatever a serializer raises, for example for a class that no longer exists.
                self._unreadable.add(key)
                suspicious_log.warning("A value of a session cannot be read and is ignored: %s", type(cause).__name__)
        return values

    def clear(self) -> None:
        """Let the next changes remove all keys first, including those that parallel requests add."""
        self._is_cleared = True

    def changes(self, values: Mapping[Any, Any]) -> list[Mutation]:
        """Return what leads from the stored values to these.

        Raises TypeError or ValueError if a key or value cannot be stored, or whatever else the serializer raises.
        """
        texts = {_name_of(key): encode(self._serializer, value) for key, value in values.items()}
        if self._is_cleared:
            return [Mutation(clear={}), *(_set(key, text) for key, text in texts.items())]
        gone = (key for key in self._texts if key not in texts and key not in self._unreadable)
        deletions = [Mutation(delete={"key": key}) for key in gone]
        return deletions + [_set(key, text) for key, text in texts.items() if self._is_changed(key, text)]

    def is_changed(self, key: str, values: Mapping[Any, Any]) -> bool:
        """Return whether changes() has anything about a key."""
        if self._is_cleared or (key in values) != (key in self._texts):
            return True
        return key in values and self._is_changed(key, encode(self._serializer, values[key]))

    def adopt(self, key: str, text: bytes) -> None:
        """Record that the sidecar has this text at a key."""
        self._texts[key] = text
        self._unreadable.discard(key)

    def expect(self, changes: list[Mutation]) -> None:
        """Record that changes are sent. They may be applied even if no reply arrives."""
        for change in changes:
            if change.HasField("set"):
                self._texts.setdefault(change.set.key, _UNKNOWN)

    def settle(self, changes: list[Mutation]) -> None:
        """Record that changes were applied."""
        for change in changes:
            if change.HasField("clear"):
                self._texts.clear()
            elif change.HasField("delete"):
                self._texts.pop(change.delete.key, None)
            else:
                self.adopt(change.set.key, change.set.value)
        self._is_cleared = False

    def _is_changed(self, key: str, text: bytes) -> bool:
        stored = self._texts.get(key)
        if stored is None or stored == _UNKNOWN or key in self._unreadable:
            return True
        # Applications in other languages encode equal values in other ways.
        return stored != text and encode(self._serializer, decode(self._serializer, stored)) != text


def _set(key: str, text: bytes) -> Mutation:
    check_name(key, "a key of the session")
    return Mutation(set={"key": key, "value": text})


def _name_of(key: Any) -> str:
    """Return what a JSON object, which Django stores a whole session as, makes of a key."""
    return key if isinstance(key, str) else next(iter(json.loads(json.dumps({key: 0}))))
