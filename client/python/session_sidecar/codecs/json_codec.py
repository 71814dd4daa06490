"""Values that JSON holds."""

from __future__ import annotations

import json
from typing import Any

from .codec import UnfitValue
from .standard_types import STANDARD_TYPES

# json.dumps() would make one for each value.
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_ESCAPING_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))
_SCALARS = frozenset((str, int, float, bool, type(None)))
_BASES = (str, int, float, list, dict)
_WITH_TAGS = frozenset((set, frozenset, *(each.type for each in STANDARD_TYPES)))
# How the messages of json begin, and what they mean. Some quote the value, so they are not shown.
_REASONS = {
    "Circular": "a value that contains itself",
    "Out of range": "an infinity or NaN, which only TaggedJsonCodec keeps",
    "Exceeds": "an integer of more digits than sys.set_int_max_str_digits allows",
}


class JsonCodec:
    """JSON: str, int, float, bool, None, and lists and dictionaries of these, with keys that are str.

    Clients in every language read it. Any other type raises TypeError, because it would be read back as one of these.

    escapes_surrogates: whether text may have lone surrogates, which are written as JSON escapes. Default: they raise TypeError.
    """

    def __init__(self, escapes_surrogates: bool = False) -> None:
        self._escapes_surrogates = escapes_surrogates

    def encode(self, value: Any) -> bytes:
        _check(value)
        return to_json(value, self._escapes_surrogates)

    def decode(self, data: bytes, /) -> Any:
        return json.loads(data)


def to_json(value: Any, escapes_surrogates: bool = False) -> bytes:
    """Return a value that has only types of JSON as compact text in UTF-8. Raises UnfitValue."""
    try:
        try:
            return _ENCODER.encode(value).encode()
        except UnicodeEncodeError:
            if escapes_surrogates:
                return _ESCAPING_ENCODER.encode(value).encode()
            problem = "text with a lone surrogate, which is not valid Unicode"
    except RecursionError:
        problem = "a value that is nested too deeply"
    except ValueError as cause:
        problem = next((meaning for start, meaning in _REASONS.items() if str(cause).startswith(start)), "an unfit value")
    # Not in an except clause: an error raised there has the other as its context, and that has the value.
    raise UnfitValue(problem)


def description(value: Any) -> str:
    """Say what a value is that JSON does not hold, and what to do instead. Contains nothing of the value."""
    kind = type(value)
    if kind in _WITH_TAGS:
        return f"a {kind.__name__}: convert it, or use SessionClient(codec=TaggedJsonCodec()), which keeps it"
    what = f"an instance of {kind.__name__}"
    for base in (each.__name__ for each in _BASES if isinstance(value, each)):
        return f"{what}, which would be read back as {base}: convert it with {base}(), or register its type with TaggedJsonCodec"
    return f"{what}: convert it, or register its type with TaggedJsonCodec"


def _check(value: Any) -> None:
    """Raise UnfitValue for a type that JSON does not keep."""
    pending = [value]
    seen: set[int] = set()
    while pending:
        each = pending.pop()
        kind = type(each)
        if kind in _SCALARS:
            continue
        if kind is not dict and kind is not list:
            raise UnfitValue(description(each))
        if id(each) in seen:
            continue
        seen.add(id(each))
        if kind is dict:
            _check_keys(each)
            pending.extend(each.values())
        else:
            pending.extend(each)


def _check_keys(value: dict[Any, Any]) -> None:
    for key in value:
        if type(key) is not str:
            name = type(key).__name__
            raise UnfitValue(f"a dictionary with a key of type {name}: use str, or TaggedJsonCodec, which keeps other keys")
