"""What a codec is."""

from __future__ import annotations

from typing import Any, Protocol


class Codec(Protocol):
    """Turns values and flash messages into the bytes that the sidecar stores, and back. To the sidecar, they are opaque.

    All applications that share sessions need the same codec, or one that reads what the others write.
    """

    def encode(self, value: Any) -> bytes:
        """Return at least one byte, and the same bytes for equal values: changes in place are detected by comparing them.

        Raises TypeError for a value that would not be decoded as an equal value of the same type. The message should contain
        nothing of the value, because errors are logged.
        """
        ...

    def decode(self, data: bytes, /) -> Any:
        """Return a new value for bytes that encode() returned. Whatever it raises becomes SessionError VALUE_UNREADABLE."""
        ...


class UnfitValue(TypeError):
    """A value that a codec of this package cannot encode. The message says what it is, after "got"."""
