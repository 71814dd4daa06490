"""A pipeline for the tasks of an asyncio event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from ..address import TcpAddress, UnixAddress
from ..api_token import Metadata
from ..call_errors import client_closed, no_connection
from .calls import Call
from .connection import Connection
from .pipeline import ChangeListener, Pipeline

# The time limit of one attempt to connect, in seconds.
_CONNECT_TIMEOUT = 0.5
# How soon after each use the connection is checked, in seconds.
_CHECK_INTERVAL = 0.1


class LoopPipeline:
    """The calls of one event loop. Its methods must be called on that loop."""

    def __init__(self, address: TcpAddress | UnixAddress, metadata: Callable[[], Metadata]) -> None:
        self._address = address
        self._loop = asyncio.get_running_loop()
        self._pipeline = Pipeline(address.authority, metadata, self._start_to_connect)
        self._connecting: set[asyncio.Task[None]] = set()
        self._is_flush_planned = False
        self._timer: asyncio.TimerHandle | None = None
        self._wake_at = float("inf")

    @property
    def is_supported(self) -> bool:
        return self._pipeline.is_supported

    async def send(self, method: str, request: Any, deadline: float) -> Any:
        """Make one attempt. If the task is cancelled, the call is cancelled in the sidecar too.

        deadline: when the attempt ends, by time.monotonic().

        Raises SessionError, or FallBack if the call must be made as a unary call.
        """
        ended = self._loop.create_future()
        call = Call(method, request, deadline, partial(_wake, ended))
        self._pipeline.add(call)
        if not self._is_flush_planned:
            # Calls made in the same turn of the event loop share frames.
            self._is_flush_planned = True
            self._loop.call_soon(self._flush)
        self._tick_by(min(deadline, time.monotonic() + _CHECK_INTERVAL))
        try:
            await ended
        except asyncio.CancelledError:
            self._pipeline.cancel(call, client_closed(method))
            raise
        return call.response()

    def listen(self, listener: ChangeListener) -> None:
        """Set the receiver of reports. Must be called before anything is sent."""
        self._pipeline.change_listener = listener

    def confirm(self, clock: int) -> None:
        """As Pipeline.confirm()."""
        self._pipeline.confirm(clock)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for task in self._connecting:
            task.cancel()
        self._pipeline.close()

    def tick(self) -> None:
        self._wake_at = float("inf")
        self._tick_by(self._pipeline.tick())

    def on_event(self) -> None:
        """Do what an event of a connection makes due."""
        if self._pipeline.needs_connection:
            self.tick()
        else:
            self._tick_by(time.monotonic() + _CHECK_INTERVAL)

    def _flush(self) -> None:
        self._is_flush_planned = False
        self._pipeline.flush()

    def _tick_by(self, time_limit: float) -> None:
        if time_limit >= self._wake_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._wake_at = time_limit
        self._timer = self._loop.call_later(max(0.0, time_limit - time.monotonic()), self.tick)

    def _start_to_connect(self, connection: Connection) -> None:
        task = self._loop.create_task(self._open(connection))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _open(self, connection: Connection) -> None:
        def protocol() -> _Protocol:
            return _Protocol(connection, self)

        address = self._address
        try:
            if isinstance(address, TcpAddress):
                connected = self._loop.create_connection(protocol, address.host, address.port)
            else:
                connected = self._loop.create_unix_connection(protocol, address.path)
            await asyncio.wait_for(connected, _CONNECT_TIMEOUT)
        except (OSError, UnicodeError, asyncio.TimeoutError) as cause:
            connection.lost(no_connection(address, cause))
            self.on_event()


class _Protocol(asyncio.Protocol):
    """Passes the events of an asyncio transport to a connection."""

    def __init__(self, connection: Connection, pipeline: LoopPipeline) -> None:
        self._connection = connection
        self._pipeline = pipeline

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._connection.connected(_TransportWire(transport))

    def data_received(self, data: bytes) -> None:
        self._connection.received(data)
        self._pipeline.on_event()

    def connection_lost(self, exc: Exception | None) -> None:
        reason = "the sidecar has closed the connection" if exc is None else f"the connection was lost: {exc}"
        self._connection.lost(reason)
        self._pipeline.on_event()


class _TransportWire:
    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.write = transport.write

    def close(self) -> None:
        # A transport with unsent bytes would stay open for as long as the sidecar does not read them.
        if self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self._transport.close()


def _wake(ended: asyncio.Future[None]) -> None:
    if not ended.done():
        ended.set_result(None)
