"""Unary calls, for sidecars that do not support Pipeline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import grpc

from ..errors import SessionError, from_grpc
from ..ordered_messages import RESPONSE_TYPES
from .api_token import Metadata
from .call_errors import client_closed, undecodable_reply, unreadable_api_token

CHANNEL_OPTIONS = [
    # The sidecar listens on this host only.
    ("grpc.enable_http_proxy", 0),
    # The sidecar limits the size of sessions.
    ("grpc.max_receive_message_length", -1),
    # A restarted sidecar is back soon. By default, gRPC would wait up to two minutes before it reconnects; 100 ms is the minimum
    # that it accepts. The "minimum backoff" is the time limit of one attempt to connect.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 500),
    # gRPC pings a connection that is silent for 300 ms while calls wait, and replaces it without an answer within another 500 ms:
    # the sidecar hangs, or the network drops every packet.
    ("grpc.keepalive_time_ms", 300),
    ("grpc.keepalive_timeout_ms", 500),
    ("grpc.http2.ping_timeout_ms", 500),
    ("grpc.http2.max_pings_without_data", 0),
    # Pings that measure bandwidth would end connections that are merely slow.
    ("grpc.http2.bdp_probe", 0),
]

# The time limit, in seconds, of the call that finds out whether there is a connection. Without a connection, it fails at once.
_PROBE_TIMEOUT = 0.02
_PROBE = "/grpc.health.v1.Health/Check"


def _methods(channel: Any) -> dict[str, Any]:
    """Return what calls each method. Unlike the generated stub, it reads replies that keep the order of keys."""
    return {
        name: channel.unary_unary(f"/session.v1.SessionService/{name}", _serialized, response.FromString)
        for name, response in RESPONSE_TYPES.items()
    }


def _serialized(request: Any) -> bytes:
    return bytes(request.SerializeToString())


class UnaryTransport:
    """Unary calls over one channel. Thread-safe."""

    def __init__(self, address: str, metadata: Callable[[], Metadata]) -> None:
        self._channel = grpc.insecure_channel(address, options=CHANNEL_OPTIONS)
        self._methods = _methods(self._channel)
        self._metadata = metadata
        self._is_closed = False

    def send(self, method: str, request: Any, deadline: float) -> Any:
        """Make one attempt. deadline: by time.monotonic(). Raises SessionError."""
        try:
            metadata = self._metadata()
        except (OSError, ValueError) as cause:
            raise unreadable_api_token(method, cause) from cause
        timeout = deadline - time.monotonic()
        try:
            return self._methods[method](request, timeout=timeout, wait_for_ready=True, metadata=metadata)
        except grpc.RpcError as cause:
            raise self._explained(method, cause) from cause
        except ValueError:
            # gRPC raises it if another thread has closed the channel.
            if not self._is_closed:
                raise
            raise client_closed(method) from None

    def _explained(self, method: str, cause: Any) -> SessionError:
        error = from_grpc(method, cause)
        if error.code != "DEADLINE_EXCEEDED":
            return error
        # gRPC does not report whether the call waited for an answer or for a connection.
        try:
            self._channel.unary_unary(_PROBE)(b"", timeout=_PROBE_TIMEOUT)
        except grpc.RpcError as unconnected:
            if unconnected.code() is grpc.StatusCode.UNAVAILABLE:
                return from_grpc(method, unconnected)
        except ValueError:
            pass  # The channel was closed meanwhile.
        return error

    def close(self) -> None:
        self._is_closed = True
        self._channel.close()


class AsyncUnaryTransport:
    """Unary calls over one channel, on one event loop."""

    def __init__(self, address: str, metadata: Callable[[], Metadata]) -> None:
        self._channel = grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS)
        self._methods = _methods(self._channel)
        self._metadata = metadata
        self._is_closed = False

    async def send(self, method: str, request: Any, deadline: float) -> Any:
        """As UnaryTransport.send()."""
        try:
            metadata = self._metadata()
        except (OSError, ValueError) as cause:
            raise unreadable_api_token(method, cause) from cause
        timeout = deadline - time.monotonic()
        try:
            reply = await self._methods[method](request, timeout=timeout, wait_for_ready=True, metadata=metadata)
        except grpc.RpcError as cause:
            raise await self._explained(method, cause) from cause
        except grpc.aio.UsageError:
            # gRPC raises it if the channel is closed.
            if not self._is_closed:
                raise
            raise client_closed(method) from None
        if reply is None:
            # For a reply that cannot be decoded, gRPC's blocking API fails with INTERNAL, and this one returns None.
            raise undecodable_reply(method)
        return reply

    async def _explained(self, method: str, cause: Any) -> SessionError:
        error = from_grpc(method, cause)
        if error.code != "DEADLINE_EXCEEDED":
            return error
        try:
            await self._channel.unary_unary(_PROBE)(b"", timeout=_PROBE_TIMEOUT)
        except grpc.RpcError as unconnected:
            if unconnected.code() is grpc.StatusCode.UNAVAILABLE:
                return from_grpc(method, unconnected)
        except grpc.aio.UsageError:
            pass  # The channel was closed meanwhile.
        return error

    async def close(self) -> None:
        self._is_closed = True
        await self._channel.close()
