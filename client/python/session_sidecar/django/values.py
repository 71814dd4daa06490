"""Encodes values with the serializer that settings.SESSION_SERIALIZER names."""

from __future__ import annotations

import base64
import json
from typing import Any, Protocol

# How an object begins that holds what a serializer made and is not JSON. Written only by encode().
_WRAPPED = b'{"$django":'


class Serializer(Protocol):
    """The interface of Django's serializers. dumps(): any bytes."""

    def dumps(self, obj: Any) -> bytes: ...
    def loads(self, data: bytes) -> Any: ...


def encode(serializer: Serializer, value: Any) -> bytes:
    """Return a value as JSON in UTF-8, which all values in the sidecar are.

    What the serializer makes is kept as it is if it is JSON, so that applications in other languages can read it. Otherwise
    (pickles, NaN) it is kept in base64. Raises whatever the serializer raises for a value that it does not support.
    """
    data = serializer.dumps(value)
    if _is_json(data) and not data.startswith(_WRAPPED):
        return data
    return _compact({"$django": base64.b64encode(data).decode()})


def decode(serializer: Serializer, text: bytes) -> Any:
    """Return the value of a text, written by encode() or by an application in another language."""
    if text.startswith(_WRAPPED):
        return serializer.loads(base64.b64decode(json.loads(text)["$django"]))
    # Django's own serializer reads Latin-1.
    return serializer.loads(text if text.isascii() else _compact(json.loads(text)))


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(constant: str) -> None:
    """Refuse NaN and the infinities, which Python reads and writes though JSON does not have them."""
    raise ValueError(constant)


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
