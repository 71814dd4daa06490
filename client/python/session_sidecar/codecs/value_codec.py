"""A codec as sessions use it: its errors name the place of a value and contain nothing of it."""

from __future__ import annotations

import json
from typing import Any

from ..errors import SessionError
from .codec import Codec, UnfitValue
from .json_codec import JsonCodec

_IMMUTABLE = frozenset((str, int, float, bool, bytes, type(None)))


class ValueCodec:
    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    def encode(self, value: Any, place: str) -> bytes:
        """Return the bytes of a value. Raises TypeError if the codec does not keep it.

        place: names the value in errors.
        """
        try:
            data = self._codec.encode(value)
        except UnfitValue as cause:
            problem = str(cause)
        else:
            if isinstance(data, bytes) and data:
                return data
            problem = "no bytes from its encode()"
        raise TypeError(f"Expected {place} to be a value that the codec keeps, got {problem}")

    def decode(self, data: bytes, place: str) -> Any:
        """Return a new value. Raises SessionError VALUE_UNREADABLE, which contains nothing of the bytes."""
        try:
            return self._codec.decode(data)
        except Exception:
            pass  # An error raised here would have this one as its context, which contains the value.
        raise _unreadable(place)

    def encode_if_changed(self, value: Any, stored: bytes, place: str) -> bytes | None:
        """Return the new bytes of a value that was decoded from stored. None: it was not changed in place."""
        if type(value) in _IMMUTABLE:
            return None
        try:
            now = self.encode(value, place)
        except TypeError:
            # Another language may have stored what this codec does not encode.
            if repr(value) == repr(self.decode(stored, place)):
                return None
            raise
        # Only another encoding has to be decoded: the same value may also have been encoded differently.
        return None if now == stored or self._encodes_to(self.decode(stored, place), now, place) else now

    def _encodes_to(self, value: Any, data: bytes, place: str) -> bool:
        try:
            return self.encode(value, place) == data
        except TypeError:
            return False


class JsonValueCodec(ValueCodec):
    """JSON, for which changes in place are detected in a fraction of the time."""

    def __init__(self) -> None:
        super().__init__(JsonCodec())
        self._with_escapes = ValueCodec(JsonCodec(escapes_surrogates=True))

    def encode_if_changed(self, value: Any, stored: bytes, place: str) -> bytes | None:
        if type(value) in _IMMUTABLE or _is_same(value, stored, place):
            return None
        # A lone surrogate that another language has stored does not stop other changes to the value.
        writer = self._with_escapes if b"\\u" in stored else self
        now = writer.encode(value, place)
        return None if now == stored else now


def value_codec(codec: Codec | None) -> ValueCodec:
    """Return the codec of a client. None: JSON. Raises TypeError for an object that is not a codec."""
    if codec is None:
        return JsonValueCodec()
    if not callable(getattr(codec, "encode", None)) or not callable(getattr(codec, "decode", None)) or isinstance(codec, type):
        raise TypeError(f"Expected codec to be an object with encode() and decode(), got {type(codec).__name__}")
    return ValueCodec(codec)


def _is_same(value: Any, stored: bytes, place: str) -> bool:
    # Not compared as encodings: a value that is decoded as infinity or NaN cannot be encoded. Nor as values: NaN is not equal to
    # itself, and 1 is equal to True.
    try:
        return repr(value) == repr(json.loads(stored))
    except RecursionError:
        pass  # A session may be saved by a function that is nested more deeply than the one that has read the value.
    raise _unreadable(place)


def _unreadable(place: str) -> SessionError:
    return SessionError("VALUE_UNREADABLE", f"The codec cannot decode what is stored at {place}.")
