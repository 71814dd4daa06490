"""How values become JSON texts and back."""

from __future__ import annotations

import json
from typing import Any

from .errors import SessionError


def encode(value: Any, place: str) -> bytes:
    """Raises a TypeError if reading the text back would not give the same value: tuples, sets, dates, keys that are not str.

    The error says nothing of what is in the value, and neither does one of decode(): errors are logged.
    """
    problem = ""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        if json.loads(text) == value:
            return text.encode()
    except UnicodeEncodeError:
        # A surrogate without its partner, which some other languages write. As an escape it is valid JSON.
        return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as cause:
        problem = _problem(cause)
    raise TypeError(f"Expected {place} to be something JSON can hold: {problem or 'it would not be read back as it is'}")


def decode(text: bytes, place: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass  # Raised below, where no traceback leads to this error: it holds the whole text.
    raise SessionError("VALUE_UNREADABLE", f"What is stored at {place} is not valid JSON.")


def _problem(cause: Exception) -> str:
    if isinstance(cause, TypeError):
        return str(cause)  # Names types only.
    if isinstance(cause, RecursionError):
        return "it is nested too deeply"
    return "it has a cycle, an infinity or NaN"
