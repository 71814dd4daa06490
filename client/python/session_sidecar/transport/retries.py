"""Which failed calls are retried, and when."""

from __future__ import annotations

import random
import re

from google.protobuf.descriptor_pb2 import MethodOptions
from session_sidecar_proto.session.v1 import session_service_pb2 as api

from ..errors import SessionError, trailer_of

_FIRST_BACKOFF = 0.05
_MAX_BACKOFF = 0.1

_METHODS = api.DESCRIPTOR.services_by_name["SessionService"].methods
_IDEMPOTENT = {method.name for method in _METHODS if method.GetOptions().idempotency_level != MethodOptions.IDEMPOTENCY_UNKNOWN}


class Attempts:
    """The attempts of one call.

    deadline: when the call ends, by time.monotonic().
    """

    def __init__(self, method: str, deadline: float) -> None:
        self._is_idempotent = method in _IDEMPOTENT
        self._deadline = deadline
        self._failures = 0
        self._doubt: SessionError | None = None

    def failed(self, error: SessionError, now: float) -> float | SessionError:
        """Record a failed attempt. Returns the seconds until the next one, or the error of the call if there is none."""
        if self._doubt is None and _may_have_run(error):
            self._doubt = error
        pause = self._pause_after(error)
        self._failures += 1
        if pause is not None and now + pause < self._deadline:
            return pause
        # If an earlier attempt may have been applied and this one was not, the caller needs the earlier error.
        return error if self._doubt is None or _may_have_run(error) else self._doubt

    def _pause_after(self, error: SessionError) -> float | None:
        """Return the seconds until the next attempt. None: the call must not be retried."""
        if error.code not in ("UNAVAILABLE", "STORE_UNAVAILABLE", "DRAINING", "OVERLOADED"):
            return None
        if _may_have_run(error) and not self._is_idempotent:
            return None
        pushback = dict(trailer_of(error.__cause__)).get("grpc-retry-pushback-ms")
        if pushback is not None:
            # As in gRPC's own retries (gRFC A6), a value that is not a number from 0 up means that the call must not be retried.
            return int(pushback) / 1000 if re.fullmatch("[0-9]{1,9}", str(pushback)) else None
        backoff = min(_FIRST_BACKOFF * 2 ** min(self._failures, 8), _MAX_BACKOFF)
        # Jitter keeps calls that failed together from being retried together.
        return max(random.uniform(backoff / 2, backoff), (error.retry_after or 0) + random.uniform(0, _FIRST_BACKOFF / 2))


def _may_have_run(error: SessionError) -> bool:
    """Return whether a failed call may have been applied.

    UNAVAILABLE means that the call was sent and its connection was lost: without a connection, calls wait.
    """
    if error.code == "STORE_UNAVAILABLE":
        return error.metadata.get("maybe_applied") != "false"
    return error.code not in ("DRAINING", "OVERLOADED")
