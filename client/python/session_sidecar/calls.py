"""The calls to the sidecar: each has a deadline, waits for a connection until then, and is tried again where that is safe."""

from __future__ import annotations

import itertools
import random
import re
import time
from collections.abc import Callable
from typing import Any

import grpc
from google.protobuf.descriptor_pb2 import MethodOptions
from session_sidecar_proto.session.v1 import session_service_pb2 as api
from session_sidecar_proto.session.v1.session_service_pb2_grpc import SessionServiceStub

from .api_token import Metadata
from .errors import SessionError, from_grpc, trailer_of

CHANNEL_OPTIONS = [
    # The sidecar listens on this host only.
    ("grpc.enable_http_proxy", 0),
    # The sidecar's own limits decide how large a session may be.
    ("grpc.max_receive_message_length", -1),
    # A restarted sidecar is back within moments. By default, it would be missed for up to two minutes more. gRPC takes no less
    # than 100 ms, and calls the time that one attempt to connect may take the least backoff.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 500),
    # A connection on which nothing arrives while calls wait is asked for a sign of life after 300 ms, and replaced if none comes
    # within another 500: of a sidecar that hangs, or behind a path that was cut.
    ("grpc.keepalive_time_ms", 300),
    ("grpc.keepalive_timeout_ms", 500),
    ("grpc.http2.ping_timeout_ms", 500),
    ("grpc.http2.max_pings_without_data", 0),
    # Its pings would be held against connections that are only slow.
    ("grpc.http2.bdp_probe", 0),
]

_FIRST_BACKOFF = 0.05
_MAX_BACKOFF = 0.1
# How long to look for a connection once a call's time is over, in seconds. Without one, gRPC fails at once.
_LAST_LOOK = 0.02

_METHODS = api.DESCRIPTOR.services_by_name["SessionService"].methods
_IDEMPOTENT = {method.name for method in _METHODS if method.GetOptions().idempotency_level != MethodOptions.IDEMPOTENCY_UNKNOWN}


class Calls:
    """Makes the calls of one client over one channel. For all threads."""

    def __init__(self, channel: grpc.Channel, timeout: float, metadata: Callable[[], Metadata]) -> None:
        self._channel = channel
        self._stub = SessionServiceStub(channel)
        self._timeout = timeout
        self._metadata = metadata
        self._is_closed = False

    def __call__(self, method: str, request: Any) -> Any:
        deadline = time.monotonic() + self._timeout
        doubt: SessionError | None = None
        for attempt in itertools.count():
            response, error = self._try(method, request, deadline - time.monotonic())
            if error is None:
                return response
            if doubt is None and _may_have_run(error):
                doubt = error
            pause = _pause_after(attempt, error, method in _IDEMPOTENT)
            if pause is None or time.monotonic() + pause >= deadline:
                # An earlier attempt may have been carried out, even if this one says that nothing was.
                raise error if doubt is None or _may_have_run(error) else doubt
            time.sleep(pause)

    def _try(self, method: str, request: Any, timeout: float) -> tuple[Any, SessionError | None]:
        if self._is_closed:
            return None, SessionError("CANCELLED", f"{method} failed: the client is closed")
        try:
            metadata = self._metadata()
        except (OSError, ValueError) as cause:
            return None, SessionError("API_TOKEN_INVALID", f"{method} failed: the API token cannot be read: {cause}")
        try:
            return getattr(self._stub, method)(request, timeout=timeout, wait_for_ready=True, metadata=metadata), None
        except grpc.RpcError as cause:
            return None, self._explained(method, cause)
        except ValueError:
            # gRPC's way to say that another thread has closed the channel.
            if not self._is_closed:
                raise
            return None, SessionError("CANCELLED", f"{method} failed: the client is closed")

    def _explained(self, method: str, cause: Any) -> SessionError:
        error = from_grpc(method, cause)
        if error.code == "DEADLINE_EXCEEDED":
            # gRPC does not say whether the call waited for an answer or for a connection.
            look = self._channel.unary_unary("/grpc.health.v1.Health/Check")
            try:
                look(b"", timeout=_LAST_LOOK)
            except grpc.RpcError as unconnected:
                if unconnected.code() is grpc.StatusCode.UNAVAILABLE:
                    error = from_grpc(method, unconnected)
            except ValueError:
                pass  # The channel was closed meanwhile.
        error.__cause__ = cause
        return error

    def close(self) -> None:
        self._is_closed = True
        self._channel.close()


def _may_have_run(error: SessionError) -> bool:
    """Whether what failed may have been carried out all the same. A call waits for a connection, so UNAVAILABLE is a lost one."""
    if error.code == "STORE_UNAVAILABLE":
        return error.metadata.get("maybe_applied") != "false"
    return error.code not in ("DRAINING", "OVERLOADED")


def _pause_after(attempt: int, error: SessionError, is_idempotent: bool) -> float | None:
    """How many seconds to wait after an attempt, counted from 0, that failed; None: it must be the last."""
    if error.code not in ("UNAVAILABLE", "STORE_UNAVAILABLE", "DRAINING", "OVERLOADED"):
        return None
    if _may_have_run(error) and not is_idempotent:
        return None
    pushback = dict(trailer_of(error.__cause__)).get("grpc-retry-pushback-ms")
    if pushback is not None:
        # As the retries of gRPC have it: what is not a number, or negative, asks for no more attempts.
        return int(pushback) / 1000 if re.fullmatch("[0-9]{1,9}", str(pushback)) else None
    backoff = min(_FIRST_BACKOFF * 2 ** min(attempt, 8), _MAX_BACKOFF)
    # Spread out, so that calls that failed together do not all come back together.
    return max(random.uniform(backoff / 2, backoff), (error.retry_after or 0) + random.uniform(0, _FIRST_BACKOFF / 2))
