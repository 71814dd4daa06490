"""Leases: the exclusive right of one holder to change a session, for a time."""

from __future__ import annotations

import random
import time
import uuid
from contextlib import suppress

from google.protobuf.duration_pb2 import Duration
from session_sidecar_proto.session.v1 import session_service_pb2 as api

from .errors import SessionError
from .opening import Opened
from .plans import CallStep, PauseStep, Plan
from .replies import check_session

DEFAULT_LEASE = 10.0
DEFAULT_WAIT = 5.0
# Short, because most leases are: requests wait for what another request does. In seconds.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.1


def acquiring(token: str, lease: float, wait: float) -> Plan[Opened]:
    """Lease a session and load it, in one call. Tries again while another holder has the lease, until wait is over."""
    duration = duration_of(lease, "the lease")
    if wait < 0:
        raise ValueError(f"Expected wait to be 0 seconds or more, got {wait}")
    request = api.AcquireLeaseRequest(token=token, duration=duration, holder=str(uuid.uuid4()))
    waits_until = time.monotonic() + wait
    pause = _FIRST_PAUSE
    while True:
        try:
            response = yield CallStep("AcquireLease", request)
        except SessionError as error:
            left = waits_until - time.monotonic()
            if error.code != "LEASE_HELD" or left <= 0:
                raise
        else:
            check_session("AcquireLease", response)
            return Opened("found", token, response.session, fence=response.fence)
        # The last attempt is made when the time is over.
        yield PauseStep(min(random.uniform(0.001, pause), left))
        pause = min(2 * pause, _LONGEST_PAUSE)


def releasing(token: str | None, fence: int | None) -> Plan[None]:
    """End a lease, unless the session has none any more. If that fails, the lease ends by itself."""
    if fence is not None:
        with suppress(SessionError):
            yield CallStep("ReleaseLease", api.ReleaseLeaseRequest(token=token, fence=fence))


def duration_of(seconds: float, what: str) -> Duration:
    """Return a time as the API has it, in whole milliseconds."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError(f"Expected {what} to be a number of seconds, got {type(seconds).__name__}")
    if not 0 < seconds <= _MAX_SECONDS:
        raise ValueError(f"Expected {what} to be more than 0 seconds and at most {_MAX_SECONDS}, got {seconds}")
    duration = Duration()
    duration.FromMilliseconds(round(seconds * 1000))
    return duration


_MAX_SECONDS = 300
