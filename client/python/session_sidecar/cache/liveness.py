"""Whether the sidecar would have reported a change to a session since it was read."""

from __future__ import annotations

from collections.abc import Callable

# How long copies are trusted after the sidecar confirmed that it had reported all changes, in seconds. This is the upper bound on
# staleness.
MAX_STALENESS = 1.0
# A quarter of that, so that one late confirmation does not end live reads.
CONFIRM_INTERVAL = MAX_STALENESS / 4
# Added to the clock, in milliseconds. The sidecar confirms times somewhat before the requested one, which must not be negative.
_CLOCK_ORIGIN = 3_600_000
_NEVER = float("-inf")


class Liveness:
    """Requests confirmation from the sidecar four times a second, but only while sessions are read.

    An epoch is a period of one stream in which no report was lost. All times are those of time.monotonic(). The caller must hold
    the lock of the cache, except for note_use(), which must be called without it.

    request: requests confirmation with a clock in milliseconds. It does nothing while there is no stream.
    """

    def __init__(self, request: Callable[[int], None]) -> None:
        self._request = request
        self._requested_at = _NEVER
        self._epoch = 1
        self._trusted_until = _NEVER

    def covers(self, epoch: int | None, now: float) -> bool:
        """Return whether a session that was read in an epoch can be trusted.

        If so, any change to it has been reported since, unless it was made within the last MAX_STALENESS.
        """
        return epoch == self._epoch and now < self._trusted_until

    def is_current(self, epoch: int | None) -> bool:
        return epoch == self._epoch

    def begin(self) -> int | None:
        """Return the epoch of a call that is about to be made. None until the sidecar has confirmed that it reports changes."""
        return None if self._trusted_until == _NEVER else self._epoch

    def note_use(self, now: float) -> None:
        """Request confirmation if it is due."""
        if now - self._requested_at >= CONFIRM_INTERVAL:
            self._requested_at = now
            self._request(clock_at(now))

    def confirmed(self, clock: int) -> None:
        """The sidecar has reported all changes up to clock, which is at or before a requested one."""
        self._trusted_until = max(self._trusted_until, (clock - _CLOCK_ORIGIN) / 1000 + MAX_STALENESS)

    def lose(self) -> None:
        """End the epoch, because changes may have gone unreported. Sessions that were read in it are no longer covered."""
        self._epoch += 1
        self._trusted_until = _NEVER


def clock_at(now: float) -> int:
    """Return the clock to request confirmation with, in milliseconds."""
    return int(now * 1000) + _CLOCK_ORIGIN
