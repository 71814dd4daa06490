"""Makes calls to the sidecar: each has a deadline, waits for a connection until then, and is retried where that is safe."""

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
    # The size of sessions is limited by the sidecar.
    ("grpc.max_receive_message_length", -1),
    # A restarted sidecar is soon back; by default, gRPC would reconnect after up to two minutes. It accepts no less than 100 ms.
    # The "minimum backoff" is the time limit of one attempt to connect.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 500),
    # A connection that is silent while calls wait is pinged after 300 ms, and replaced if no answer arrives within another 500:
    # the sidecar hangs, or the network drops every packet.
    ("grpc.keepalive_time_ms", 300),
    ("grpc.keepalive_timeout_ms", 500),
    ("grpc.http2.ping_timeout_ms", 500),
    ("grpc.http2.max_pings_without_data", 0),
    # Its pings would count against connections that are merely slow.
    ("grpc.http2.bdp_probe", 0),
]

_FIRST_BACKOFF = 0.05
_MAX_BACKOFF = 0.1
# The time limit, in seconds, of the call that finds out whether there is a connection. Without one, it fails at once.
_PROBE_TIMEOUT = 0.02

_METHODS = api.DESCRIPTOR.services_by_name["SessionService"].methods
_IDEMPOTENT = {method.name for method in _METHODS if method.GetOptions().idempotency_level != MethodOptions.IDEMPOTENCY_UNKNOWN}


class Transport:
    """The calls of one client over one channel. Thread-safe."""

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
                # An earlier attempt may have been applied, even if this one certainly was not.
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
            # gRPC raises it if another thread has closed the channel.
            if not self._is_closed:
                raise
            return None, SessionError("CANCELLED", f"{method} failed: the client is closed")

    def _explained(self, method: str, cause: Any) -> SessionError:
        error = from_grpc(method, cause)
        if error.code == "DEADLINE_EXCEEDED":
            # gRPC does not report whether the call waited for an answer or for a connection.
            probe = self._channel.unary_unary("/grpc.health.v1.Health/Check")
            try:
                probe(b"", timeout=_PROBE_TIMEOUT)
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
    """Whether a failed call may have been applied. Calls wait for a connection, so UNAVAILABLE means that it was lost."""
    if error.code == "STORE_UNAVAILABLE":
        return error.metadata.get("maybe_applied") != "false"
    return error.code not in ("DRAINING", "OVERLOADED")


def _pause_after(attempt: int, error: SessionError, is_idempotent: bool) -> float | None:
    """The pause in seconds after a failed attempt, counted from 0; None: no retry."""
    if error.code not in ("UNAVAILABLE", "STORE_UNAVAILABLE", "DRAINING", "OVERLOADED"):
        return None
    if _may_have_run(error) and not is_idempotent:
        return None
    pushback = dict(trailer_of(error.__cause__)).get("grpc-retry-pushback-ms")
    if pushback is not None:
        # As in gRPC's own retries (gRFC A6), anything but a number from 0 up means: do not retry.
        return int(pushback) / 1000 if re.fullmatch("[0-9]{1,9}", str(pushback)) else None
    backoff = min(_FIRST_BACKOFF * 2 ** min(attempt, 8), _MAX_BACKOFF)
    # With jitter, so that calls that failed together are not all retried together.
    return max(random.uniform(backoff / 2, backoff), (error.retry_after or 0) + random.uniform(0, _FIRST_BACKOFF / 2))
