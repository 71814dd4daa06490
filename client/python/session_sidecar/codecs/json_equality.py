"""Equality of JSON texts by value, as the sidecar compares flash messages."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any


def have_same_value(one: bytes, other: bytes) -> bool:
    """Return whether two texts have the same value. Texts that are not JSON are compared byte by byte."""
    if one == other:
        return True
    try:
        return _is_same(_parse(one), _parse(other))
    except (ValueError, ArithmeticError, RecursionError):
        return False


def _parse(text: bytes) -> Any:
    # Exactly: a float would change the last digits of a large integer.
    return json.loads(text.decode(), parse_int=Decimal, parse_float=Decimal, parse_constant=_refuse)


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _is_same(one: Any, other: Any) -> bool:
    # True is equal to 1 in Python.
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_is_same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    return bool(one == other)
