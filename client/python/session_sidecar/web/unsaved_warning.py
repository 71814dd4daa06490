"""The default of the option `on_unsaved`."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from ..errors import SessionError

_INTERVAL = 60.0
_logger = logging.getLogger("session_sidecar.web")


class UnsavedWarning:
    """Logs a warning of sessions that could not be saved.

    While the sidecar is down, every request could: of those in the minute after a warning, only the number is reported, with the
    next one.

    now: a monotonic clock, in seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._next_at = float("-inf")
        self._unreported = 0

    def __call__(self, error: Exception) -> None:
        self._unreported += 1
        if self._now() < self._next_at:
            return
        # Of other errors, the message may contain values.
        reason = error.code if isinstance(error, SessionError) else type(error).__name__
        others = f" {self._unreported - 1} more since the last warning." if self._unreported > 1 else ""
        _logger.warning(
            "The session of a response of status 400 or above was not saved: %s.%s Handle it with the option `on_unsaved`.",
            reason,
            others,
        )
        self._next_at = self._now() + _INTERVAL
        self._unreported = 0
