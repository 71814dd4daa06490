"""Watching sessions, by a loop that blocks or one of asyncio.

Each loop has a connection of its own, so a process may fork, and event loops may differ.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any

import grpc
from session_sidecar_proto.session.v1 import session_service_pb2 as api

from ..errors import SessionError, from_grpc
from ..transport.api_token import Metadata
from ..transport.call_errors import client_closed, unreadable_api_token
from ..transport.unary import CHANNEL_OPTIONS
from .progress import METHOD, Progress
from .session_event import SessionEvent, to_session_event

_NAME = "WatchSessions"


class OpenWatches:
    """The streams of a client, so that they end when it is closed. Thread-safe."""

    def __init__(self) -> None:
        self._streams: set[Any] = set()
        self._is_closed = False
        self._lock = threading.Lock()

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    def add(self, stream: Any) -> None:
        with self._lock:
            if not self._is_closed:
                self._streams.add(stream)
                return
        stream.cancel()

    def remove(self, stream: Any) -> None:
        with self._lock:
            self._streams.discard(stream)

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            streams, self._streams = self._streams, set()
        for stream in streams:
            stream.cancel()


def watching(
    progress: Progress,
    address: str,
    metadata: Callable[[], Metadata],
    call: Callable[[str, Any], Any],
    watches: OpenWatches,
) -> Iterator[SessionEvent]:
    """Yield events until the consumer stops. call: makes a unary call. Raises SessionError."""
    with grpc.insecure_channel(address, options=CHANNEL_OPTIONS) as channel:
        method = channel.unary_stream(METHOD, _serialized, api.WatchSessionsResponse.FromString)
        try:
            while True:
                if watches.is_closed:
                    raise client_closed(_NAME)
                stream = method(progress.request(), wait_for_ready=True, metadata=_read(metadata))
                watches.add(stream)
                try:
                    for response in stream:
                        progress.received()
                        event = to_session_event(response)
                        if event is not None:
                            yield event
                        progress.processed(response.cursor)
                        _acknowledge(call, progress.acknowledgement())
                    error = SessionError("UNAVAILABLE", f"{_NAME} failed: the stream ended")
                except grpc.RpcError as cause:
                    error = from_grpc(_NAME, cause)
                finally:
                    watches.remove(stream)
                    stream.cancel()
                pause = progress.pause_after(error)
                if watches.is_closed or pause is None:
                    raise error
                time.sleep(pause)
        finally:
            _acknowledge(call, progress.acknowledgement(at_once=True))


async def watching_async(
    progress: Progress,
    address: str,
    metadata: Callable[[], Metadata],
    call: Callable[[str, Any], Awaitable[Any]],
    watches: OpenWatches,
) -> AsyncIterator[SessionEvent]:
    """As watching(), on the running event loop."""
    async with grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS) as channel:
        method = channel.unary_stream(METHOD, _serialized, api.WatchSessionsResponse.FromString)
        try:
            while True:
                if watches.is_closed:
                    raise client_closed(_NAME)
                stream = method(progress.request(), wait_for_ready=True, metadata=_read(metadata))
                watches.add(stream)
                try:
                    async for response in stream:
                        progress.received()
                        event = to_session_event(response)
                        if event is not None:
                            yield event
                        progress.processed(response.cursor)
                        await _acknowledge_async(call, progress.acknowledgement())
                    error = SessionError("UNAVAILABLE", f"{_NAME} failed: the stream ended")
                except grpc.RpcError as cause:
                    error = from_grpc(_NAME, cause)
                except asyncio.CancelledError:
                    # gRPC raises it if the stream was cancelled, too.
                    if not watches.is_closed:
                        raise
                    raise client_closed(_NAME) from None
                finally:
                    watches.remove(stream)
                    stream.cancel()
                pause = progress.pause_after(error)
                if watches.is_closed or pause is None:
                    raise error
                await asyncio.sleep(pause)
        finally:
            await _acknowledge_async(call, progress.acknowledgement(at_once=True))


def _acknowledge(call: Callable[[str, Any], Any], request: Any) -> None:
    if request is not None:
        # If it fails, a later one covers the same events.
        with suppress(SessionError):
            call("AcknowledgeSessionEvents", request)


async def _acknowledge_async(call: Callable[[str, Any], Awaitable[Any]], request: Any) -> None:
    if request is not None:
        with suppress(SessionError):
            await call("AcknowledgeSessionEvents", request)


def _read(metadata: Callable[[], Metadata]) -> Metadata:
    try:
        return metadata()
    except (OSError, ValueError) as cause:
        raise unreadable_api_token(_NAME, cause) from cause


def _serialized(request: Any) -> bytes:
    return bytes(request.SerializeToString())
