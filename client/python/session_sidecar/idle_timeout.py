"""How long a session lives without being used."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

# What the sidecar accepts.
SHORTEST = timedelta(seconds=1)
LONGEST = timedelta(days=3652.5)


class IdleTimeout:
    """An idle timeout that is not saved yet. None: no limit."""

    def __init__(self, value: timedelta | None) -> None:
        """Raise TypeError or ValueError for one that the sidecar would reject, so that it is not recorded."""
        if value is not None and not isinstance(value, timedelta):
            raise TypeError(f"Expected the idle timeout to be a timedelta or None, got {type(value).__name__}")
        if value is not None and not SHORTEST <= value <= LONGEST:
            raise ValueError(f"Expected the idle timeout to be 1 second to 10 years, got {value}")
        self.value = value

    @staticmethod
    def fields(timeout: IdleTimeout | None) -> dict[str, Any]:
        """Return the field of a request. None: unchanged."""
        if timeout is None:
            return {}
        return {"no_idle_timeout": True} if timeout.value is None else {"idle_timeout": timeout.value}

    def store(self, session: Any) -> None:
        """Set the field of a Session."""
        session.ClearField("idle_timeout")
        if self.value is not None:
            session.idle_timeout.FromTimedelta(self.value)
