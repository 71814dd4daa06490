"""JSON with tags for the types that JSON does not have."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

from .codec import UnfitValue
from .json_codec import description, to_json
from .standard_types import STANDARD_TYPES
from .tagged_type import TaggedType

_TAG = "$type"
_CONTENT = "value"
_PLAIN = frozenset((str, int, bool, type(None)))
# Types whose content depends on the codec.
_OWN_TAGS = ("dict", "float", "frozenset", "set")
_OWN_TYPES = (dict, float, frozenset, set, list, *_PLAIN)


class TaggedJsonCodec:
    """JSON that keeps tuples, sets, frozensets, bytes, dates and times, timedelta, Decimal, UUID, and keys that are not str.

    What JSON holds is written as JSON. Everything else is an object with two properties, which other languages read as such:

        {"$type": "date", "value": "2026-11-26"}

    `$type` is reserved: a dictionary with this key is written as {"$type": "dict", "value": [[key, value], …]}, as are those with
    keys that are not str. An object is a tag only if it has these two properties and no other.

    types: more types, of the application.

    Raises ValueError if two types have one tag, or a type has two.
    """

    def __init__(self, *types: TaggedType[Any]) -> None:
        every = (*STANDARD_TYPES, *types)
        self._by_type = {each.type: each for each in every}
        self._by_tag = {each.tag: each for each in every}
        # json.loads() would make one for each value.
        self._decoder = json.JSONDecoder(object_hook=self._unpack)
        for what, found, reserved in (("type", self._by_type, _OWN_TYPES), ("tag", self._by_tag, _OWN_TAGS)):
            if len(found) < len(every) or any(each in found for each in reserved):
                raise ValueError(f"Expected every TaggedType to have a {what} that is neither reserved nor that of another")

    def encode(self, value: Any) -> bytes:
        """Return the text of a value. Raises TypeError for a type that is not known, a cycle, or a lone surrogate."""
        try:
            return to_json(self._pack(value))
        except RecursionError:
            pass
        raise UnfitValue("a value that contains itself or is nested too deeply")

    def decode(self, data: bytes, /) -> Any:
        """Return the value of a text. Raises ValueError for a tag that is not known, and what the type's decode raises."""
        return self._decoder.decode(data.decode(json.detect_encoding(data), "surrogatepass"))

    def _pack(self, value: Any) -> Any:
        kind = type(value)
        if kind in _PLAIN:
            return value
        if kind is list:
            return [self._pack(each) for each in value]
        if kind is dict:
            return self._pack_dict(value)
        if kind is float:
            return value if isfinite(value) else _tagged("float", repr(value))
        if kind is set or kind is frozenset:
            # Sorted, so that equal sets have the same text.
            return _tagged(kind.__name__, sorted(map(self._pack, value), key=json.dumps))
        known = self._by_type.get(kind)
        if known is None:
            raise UnfitValue(description(value))
        return _tagged(known.tag, self._pack(known.encode(value)))

    def _pack_dict(self, value: dict[Any, Any]) -> Any:
        if _TAG not in value and all(type(key) is str for key in value):
            return {key: self._pack(each) for key, each in value.items()}
        return _tagged("dict", [[self._pack(key), self._pack(each)] for key, each in value.items()])

    def _unpack(self, found: dict[str, Any]) -> Any:
        """Called for each object of the text, after those inside it."""
        if len(found) != 2 or _CONTENT not in found or type(found.get(_TAG)) is not str:
            return found
        tag, content = found[_TAG], found[_CONTENT]
        if tag == "dict":
            return {key: each for key, each in content}
        if tag == "set":
            return set(content)
        if tag == "frozenset":
            return frozenset(content)
        if tag == "float":
            return float(content)
        known = self._by_tag.get(tag)
        if known is None:
            raise ValueError("a tag that is not known")
        return known.decode(content)


def _tagged(tag: str, content: Any) -> dict[str, Any]:
    return {_TAG: tag, _CONTENT: content}
