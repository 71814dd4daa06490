"""One connection to the sidecar, with one Pipeline stream on it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import grpc
from google.protobuf.message import DecodeError
from session_sidecar_proto.session.v1 import pipeline_pb2 as frames

from ..api_token import Metadata
from ..failures import connection_lost
from .calls import Call
from .http2 import Http2Stream, StreamStatus

# The sidecar starts a default of 256 calls of a stream at a time. Others wait here, in order, until their deadline.
MAX_IN_FLIGHT = 256
# A starting sidecar takes longer for its first byte.
_MAX_OPENING = 1.0
# A connection that is silent for the first time while calls wait is pinged, and replaced if nothing arrives within the second.
_PING_AFTER = 0.3
_MAX_SILENCE_AFTER_PING = 0.5
_LAST_CHANCE = 0.1
# How long the sidecar may take to end a stream that has no calls left.
_MAX_ENDING = 1.0
_MAX_ID = 2**32 - 1


class Wire(Protocol):
    """What a driver sends bytes with."""

    def write(self, data: bytes) -> None:
        """Sends the bytes, in order, without blocking."""

    def close(self) -> None:
        """Closes the connection when the bytes written before have been sent. connection_lost() need not follow."""


class ConnectionListener(Protocol):
    def on_open(self, connection: Connection) -> None:
        """The sidecar has accepted its stream."""

    def on_report(self, connection: Connection, report: frames.PipelineResponse) -> None:
        """A frame says something about changes to sessions. Comes before its replies."""

    def on_ready(self, connection: Connection) -> None:
        """It takes calls: it was opened, or has room again."""

    def on_retired(self, connection: Connection) -> None:
        """It takes no new calls. Those sent on it are still answered."""

    def on_end(self, connection: Connection, status: StreamStatus, was_open: bool) -> None:
        """The last event."""


class Connection:
    """Its driver connects it and calls connected() and received(), or lost(). It takes calls while is_ready."""

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
        # When the wait for the sidecar began that is going on: for its next sign of life, to be opened, or to be ended.
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
        """The connection has failed, or could not be made."""
        self._stream.fail(StreamStatus(grpc.StatusCode.UNAVAILABLE, reason))

    def send(self, calls: Sequence[Call], now: float) -> None:
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
        """Forgets a call that was sent, and tells the sidecar."""
        if self.calls.get(call.id) is call:
            del self.calls[call.id]
            self._send(frames.PipelineRequest(cancelled=[call.id]))
            self._end_if_done()

    def confirm(self, clock: int) -> None:
        """Asks for confirmation that all changes were reported, once the connection is open."""
        if self.is_open and not self.is_retired:
            self._send(frames.PipelineRequest(confirm=clock))

    def retire(self) -> None:
        if not self.is_retired and not self.has_ended:
            self.is_retired = True
            self._end_if_done()
            self._listener.on_retired(self)

    def abort(self, failure: Callable[[Call], Exception]) -> None:
        """Ends the connection at once, and its calls with `failure`."""
        for call in self._take_calls():
            call.end(failure(call))
        self._stream.fail(StreamStatus(grpc.StatusCode.CANCELLED, "the client has closed the connection"))

    def check(self, now: float) -> float:
        """Ends a connection that is silent. Returns when to call it again."""
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

    # What its stream reports.

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
            # Without a call, it was cancelled, or its deadline has passed.
            if (call := self.calls.pop(reply.id, None)) is not None:
                call.end(reply)
        if response.draining:
            self.retire()

    def on_goaway(self) -> None:
        self.retire()

    def on_end(self, status: StreamStatus) -> None:
        self.has_ended = True
        for call in self._take_calls():
            call.end(connection_lost(call.method, status.message))
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
            # This process itself may have been paused, and the answer be there, to be read before the next check.
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
