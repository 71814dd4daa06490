"""Encodes values as JSON and decodes them."""

from __future__ import annotations

import json
from typing import Any

from .errors import SessionError


def encode(value: Any, place: str) -> bytes:
    """Return value as compact JSON in UTF-8.

    place: names the value in errors. They contain nothing of the value itself, because errors are logged.

    Raises TypeError if decoding would not return an equal value: for tuples, sets, dates, keys that are not str, NaN, cycles.
    """
    problem = ""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        if json.loads(text) == value:
            return text.encode()
    except UnicodeEncodeError:
        # A lone surrogate, which some other languages write. It is valid JSON if it is escaped.
        return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as cause:
        problem = _problem(cause)
    raise TypeError(f"Expected {place} to be a JSON value: {problem or 'it would not be read back unchanged'}")


def decode(text: bytes, place: str) -> Any:
    """Return the value of a JSON text.

    place: names the value in the error.

    Raises SessionError VALUE_UNREADABLE, which contains nothing of the text.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass  # An error raised here would have this one as its context, which contains the whole text.
    raise SessionError("VALUE_UNREADABLE", f"The value at {place} is not valid JSON.")


def _problem(cause: Exception) -> str:
    if isinstance(cause, TypeError):
        return str(cause)  # Contains only type names.
    if isinstance(cause, RecursionError):
        return "it is nested too deeply"
    return "it has a cycle, an infinity or NaN"
