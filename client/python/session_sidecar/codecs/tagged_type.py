"""A type that a tag stands for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True)
class TaggedType(Generic[Value]):
    """A type that TaggedJsonCodec keeps.

    tag: what stands for the type in the stored text, for all applications that share sessions.
    type: exactly this class. A subclass has a tag of its own, or is refused.
    encode: returns a value that the codec can encode: str, list, dict, a date and so on. The same for equal values.
    decode: returns the value for what encode has returned.
    """

    tag: str
    type: type[Value]
    encode: Callable[[Value], Any]
    decode: Callable[[Any], Value]
