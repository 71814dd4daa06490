"""The rules for keys and the names of flash queues."""

from __future__ import annotations

import re

_MAX_BYTES = 256
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def is_unicode(text: str) -> bool:
    """Return whether UTF-8 can encode a text: it has no lone surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_name(name: str, what: str, min_bytes: int = 1) -> None:
    """Raise TypeError or ValueError for a name that the sidecar would reject.

    Rejecting it before it is recorded keeps every later save() from failing.
    """
    if not isinstance(name, str):
        raise TypeError(f"Expected {what} to be a str, got {type(name).__name__}")
    size = len(name.encode("utf-8", "surrogatepass"))
    if not min_bytes <= size <= _MAX_BYTES:
        got = f"{size} bytes"
    elif _CONTROL.search(name):
        got = "a control character"
    elif "\ufffd" in name or not is_unicode(name):
        got = "a surrogate or U+FFFD, which stand for invalid UTF-8"
    else:
        return
    raise ValueError(f"Expected {what} to be {min_bytes} to {_MAX_BYTES} bytes of UTF-8 without control characters, got {got}")
