"""A connection to the sidecar, with one Pipeline stream on it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import grpc
from google.protobuf.message import DecodeError
from session_sidecar_proto.session.v1 import pipeline_pb2 as frames

from ..api_token import Metadata
from ..call_errors import stream_lost
from .calls import Call
from .http2 import Http2Stream, StreamStatus

# By default, the sidecar runs at most 256 calls of a stream at a time. Further calls wait in the client, in order, until their
# deadline.
MAX_IN_FLIGHT = 256
# How long the sidecar may take to accept a stream, in seconds. A sidecar that is starting is slow to send its first byte.
_MAX_OPENING = 1.0
# How long a connection may be silent while calls are in flight, in seconds: until it is pinged, and then until it is replaced.
_PING_AFTER = 0.3
_MAX_SILENCE_AFTER_PING = 0.5
# How long this process may take to read what arrived while it was paused itself, in seconds.
_LAST_CHANCE = 0.1
# How long the sidecar may take to end a stream without calls, in seconds.
_MAX_ENDING = 1.0
_MAX_ID = 2**32 - 1


class Wire(Protocol):
    """The sending side of a socket. Drivers implement it."""

    def write(self, data: bytes) -> None:
        """Send the bytes, in order, without blocking."""

    def close(self) -> None:
        """Close the socket once the bytes written before are sent. The driver need not call lost() afterwards."""


class ConnectionListener(Protocol):
    def on_open(self, connection: Connection) -> None:
        """The sidecar has accepted the stream."""

    def on_report(self, connection: Connection, report: frames.PipelineResponse) -> None:
        """A frame reports changes or a confirmation. Called before the replies of the frame are delivered."""

    def on_ready(self, connection: Connection) -> None:
        """The connection takes calls: it was opened, or has room again."""

    def on_retired(self, connection: Connection) -> None:
        """The connection takes no new calls. Those in flight are still answered."""

    def on_end(self, connection: Connection, status: StreamStatus, was_open: bool) -> None:
        """The last event."""


class Connection:
    """Carries calls while is_ready is true.

    Its driver connects a socket and then calls connected(), received() and lost(), and check() at the times that it returns.
    """

    def __init__(self, authority: str, metadata: Metadata, listener: ConnectionListener) -> None:
        self.metadata = metadata
        self.calls: dict[int, Call] = {}
        self.is_open = False
        self.is_retired = False
        self.has_ended = False
        self._listener = listener
        self._stream = Http2Stream(authority, metadata, self)
        self._wire: Wire | None = None
        self._last_id = 0
        # Since when the sidecar has been awaited: to send anything, to accept the stream, or to end it.
        self._waiting_since = time.monotonic()
        self._was_pinged = False
        self._is_suspect = False
        self._is_ending = False

    @property
    def is_ready(self) -> bool:
        return self.is_open and not self.is_retired and len(self.calls) < MAX_IN_FLIGHT and self._stream.has_room

    def connected(self, wire: Wire) -> None:
        self._wire = wire
        self._waiting_since = time.monotonic()
        if self.has_ended:
            wire.close()
        else:
            self._write()

    def received(self, data: bytes) -> None:
        was_ready = self.is_ready
        self._show_life()
        self._stream.receive(data)
        self._write()
        self._end_if_done()
        if self.is_ready and not was_ready:
            self._listener.on_ready(self)

    def lost(self, reason: str) -> None:
        """End a connection that has failed or could not be made."""
        self._stream.fail(StreamStatus(grpc.StatusCode.UNAVAILABLE, reason))

    def send(self, calls: Sequence[Call], now: float) -> None:
        """Send calls in one frame."""
        if not self.calls:
            self._show_life()
        messages = []
        for call in calls:
            call.id = self._next_id()
            call.was_sent = True
            self.calls[call.id] = call
            call.message.id = call.id
            call.message.timeout_ms = max(1, math.ceil((call.deadline - now) * 1000))
            messages.append(call.message)
        self._send(frames.PipelineRequest(calls=messages))

    def cancel(self, call: Call) -> None:
        """Drop a call in flight and cancel it in the sidecar."""
        if self.calls.get(call.id) is call:
            del self.calls[call.id]
            self._send(frames.PipelineRequest(cancelled=[call.id]))
            self._end_if_done()

    def confirm(self, clock: int) -> None:
        """Request confirmation that all changes are reported. Does nothing until the connection is open."""
        if self.is_open and not self.is_retired:
            self._send(frames.PipelineRequest(confirm=clock))

    def retire(self) -> None:
        """Take no new calls. The stream ends when those in flight are answered."""
        if not self.is_retired and not self.has_ended:
            self.is_retired = True
            self._end_if_done()
            self._listener.on_retired(self)

    def abort(self, failure: Callable[[Call], Exception]) -> None:
        """End the connection at once. Its calls fail with the error that failure returns for them."""
        for call in self._take_calls():
            call.end(failure(call))
        self._stream.fail(StreamStatus(grpc.StatusCode.CANCELLED, "the client has closed the connection"))

    def check(self, now: float) -> float:
        """Ping or end a connection that is silent. Returns when to call it again, by time.monotonic()."""
        if self.has_ended or not (self.calls or self._is_ending or not self.is_open):
            return float("inf")
        if self._is_ending:
            return self._lost_after(_MAX_ENDING, now)
        if not self.is_open:
            return self._lost_after(_MAX_OPENING, now)
        if self._was_pinged:
            return self._lost_after(_MAX_SILENCE_AFTER_PING, now)
        if now - self._waiting_since >= _PING_AFTER:
            self._show_life()
            self._was_pinged = True
            self._stream.ping()
            self._write()
            return now + _MAX_SILENCE_AFTER_PING
        return self._waiting_since + _PING_AFTER

    # The events of the stream.

    def on_open(self) -> None:
        self.is_open = True
        self._listener.on_open(self)

    def on_message(self, message: bytes) -> None:
        try:
            response = frames.PipelineResponse.FromString(message)
        except DecodeError:
            self._stream.fail(StreamStatus(grpc.StatusCode.UNAVAILABLE, "a frame of the sidecar cannot be decoded"))
            return
        if response.changed or response.confirmed or response.all_changed:
            self._listener.on_report(self, response)
        for reply in response.replies:
            # A reply without a call is for one that was cancelled or has reached its deadline.
            if (call := self.calls.pop(reply.id, None)) is not None:
                call.end(reply)
        if response.draining:
            self.retire()

    def on_goaway(self) -> None:
        self.retire()

    def on_end(self, status: StreamStatus) -> None:
        self.has_ended = True
        for call in self._take_calls():
            call.end(stream_lost(call.method, status.message))
        if self._wire is not None:
            self._wire.close()
        self._listener.on_end(self, status, self.is_open)

    def _send(self, frame: frames.PipelineRequest) -> None:
        if not self._is_ending and not self.has_ended:
            self._stream.send(frame.SerializeToString())
            self._write()

    def _write(self) -> None:
        if self._wire is not None and (data := self._stream.output()):
            self._wire.write(data)

    def _end_if_done(self) -> None:
        if self.is_retired and self.is_open and not self.calls and not self._is_ending and not self.has_ended:
            self._is_ending = True
            self._waiting_since = time.monotonic()
            self._stream.end()
            self._write()

    def _lost_after(self, limit: float, now: float) -> float:
        if now - self._waiting_since < limit:
            return self._waiting_since + limit
        if not self._is_suspect:
            # This process may have been paused. If so, the answer has arrived and will be read before the next check.
            self._is_suspect = True
            return now + _LAST_CHANCE
        self.lost("the sidecar does not answer")
        return float("inf")

    def _show_life(self) -> None:
        self._was_pinged = False
        self._is_suspect = False
        if not self._is_ending:
            self._waiting_since = time.monotonic()

    def _next_id(self) -> int:
        while True:
            self._last_id = self._last_id % _MAX_ID + 1
            if self._last_id not in self.calls:
                return self._last_id

    def _take_calls(self) -> list[Call]:
        calls = list(self.calls.values())
        self.calls.clear()
        return calls
