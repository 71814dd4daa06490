"""Whether a change to a session that was read would have been reported."""

from __future__ import annotations

from collections.abc import Callable

# How long a copy is trusted after the sidecar has confirmed that all changes were reported, in seconds: the bound of staleness.
MAX_STALENESS = 1.0
# A quarter of it, so that a late answer does not end live reads.
CONFIRM_INTERVAL = MAX_STALENESS / 4
# Keeps what is subtracted from the clock above zero, however young the machine is; in milliseconds.
_CLOCK_ORIGIN = 3_600_000
_NEVER = float("-inf")


class Liveness:
    """Requests confirmation from the sidecar four times a second, while sessions are read.

    An epoch is one stream, in which nothing was lost. All times are those of time.monotonic(). Only covers() and note_use() may
    be called without the lock of the cache, and note_use() must be.

    request: asks for confirmation, with a clock in milliseconds. Does nothing while there is no stream.
    """

    def __init__(self, request: Callable[[int], None]) -> None:
        self._request = request
        self._requested_at = _NEVER
        # The epoch, and until when it is trusted. Replaced together.
        self._trust = (1, _NEVER)

    def covers(self, epoch: int | None, now: float) -> bool:
        """Whether every change since the read that began in the epoch was reported, except for those of the last second."""
        current, trusted_until = self._trust
        return epoch == current and now < trusted_until

    def is_current(self, epoch: int | None) -> bool:
        return epoch == self._trust[0]

    def begin(self) -> int | None:
        """To be called before a session is read. Returns None until the sidecar has confirmed that it reports changes."""
        current, trusted_until = self._trust
        return None if trusted_until == _NEVER else current

    def note_use(self, now: float) -> None:
        if now - self._requested_at >= CONFIRM_INTERVAL:
            self._requested_at = now
            self._request(clock_at(now))

    def confirmed(self, clock: int) -> None:
        """clock: as it was requested with, or earlier."""
        current, trusted_until = self._trust
        self._trust = (current, max(trusted_until, (clock - _CLOCK_ORIGIN) / 1000 + MAX_STALENESS))

    def lose(self) -> None:
        """Changes may have gone unreported. What was read before is not covered any more."""
        self._trust = (self._trust[0] + 1, _NEVER)


def clock_at(now: float) -> int:
    return int(now * 1000) + _CLOCK_ORIGIN
