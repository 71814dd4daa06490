"""How far a watcher is, whatever drives its streams."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from session_sidecar_proto.session.v1 import session_service_pb2 as api

from ..errors import SessionError

METHOD = "/session.v1.SessionService/WatchSessions"

_FIRST_PAUSE = 0.05
_MAX_PAUSE = 1.0
_MAX_REQUESTED_PAUSE = 5.0
# What a new attempt may change.
_TEMPORARY = ("UNAVAILABLE", "STORE_UNAVAILABLE", "DRAINING", "OVERLOADED")
# For how long events that were processed are not acknowledged while others arrive, in seconds.
_ACKNOWLEDGE_INTERVAL = 0.5


class Progress:
    """The position of one watcher over as many streams as it takes."""

    def __init__(self, subject: str | None, group: str | None, after: str | None, on_ready: Callable[[], object] | None) -> None:
        self._subject = subject
        self._group = group
        self._cursor = after
        self._on_ready = on_ready
        self._failures = 0
        self._unacknowledged: str | None = None
        self._acknowledged_at = time.monotonic()

    def request(self) -> Any:
        """Return the request of the next stream."""
        return api.WatchSessionsRequest(subject=self._subject, group=self._group, after=self._cursor)

    def received(self) -> None:
        """Record that the sidecar has sent something."""
        self._failures = 0
        on_ready, self._on_ready = self._on_ready, None
        if on_ready is not None:
            on_ready()

    def processed(self, cursor: str) -> None:
        """Record that everything up to a cursor was processed."""
        self._cursor = cursor
        if self._group is not None:
            self._unacknowledged = cursor

    def acknowledgement(self, at_once: bool = False) -> Any:
        """Return the request that acknowledges what was processed. None: nothing is due."""
        now = time.monotonic()
        cursor = self._unacknowledged
        if cursor is None or not (at_once or now - self._acknowledged_at >= _ACKNOWLEDGE_INTERVAL):
            return None
        self._acknowledged_at = now
        self._unacknowledged = None
        return api.AcknowledgeSessionEventsRequest(group=self._group, cursor=cursor)

    def pause_after(self, error: SessionError) -> float | None:
        """Return the seconds until the next attempt. None: it would change nothing."""
        if error.code not in _TEMPORARY:
            return None
        backoff = random.uniform(0, min(_FIRST_PAUSE * 2 ** min(self._failures, 8), _MAX_PAUSE))
        self._failures += 1
        return max(backoff, min(error.retry_after or 0, _MAX_REQUESTED_PAUSE))
