"""Which connection carries which call. This module knows nothing of sockets, threads and event loops."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

import grpc
from session_sidecar_proto.session.v1 import pipeline_pb2 as frames

from ...errors import SessionError, from_status
from ..api_token import Metadata
from ..backoff import Backoff
from ..call_errors import client_closed, deadline_exceeded, stream_lost, unreadable_api_token
from .calls import Call, FallBack
from .connection import MAX_IN_FLIGHT, Connection
from .http2 import StreamStatus

# A frame has half of the calls in flight, so that the sidecar works on one half while the client handles the replies to the
# other. A frame has a fixed cost of roughly eight calls, so smaller frames waste CPU; at 32 calls the fixed cost is negligible.
_MIN_FRAME_CALLS = 8
_MAX_FRAME_CALLS = 32
# The maximum size of a frame with more than one call, in bytes.
_MAX_FRAME_BYTES = 1024 * 1024
# The statuses with which an old sidecar, or a proxy in front of the sidecar, rejects Pipeline.
_UNSUPPORTED = (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.PERMISSION_DENIED)


class ChangeListener(Protocol):
    """Receives the reports of changes on the connection that takes new calls."""

    def on_stream_open(self) -> int:
        """Return the clock to request confirmation with. The request subscribes the stream to reports."""
        ...

    def on_report(self, report: frames.PipelineResponse) -> None:
        """Called before the replies of the same frame are delivered."""
        ...

    def on_stream_lost(self) -> None:
        """No further report of this stream will be delivered."""
        ...


class Pipeline:
    """Assigns calls to connections. Not thread-safe.

    Calls wait for a connection until their deadline. When a connection breaks, its calls in flight fail with UNAVAILABLE, because
    it is unknown whether they were applied.

    The driver calls tick() at the time that the last tick() returned, and after every event.

    connect: begins to connect a new connection.
    """

    def __init__(self, authority: str, metadata: Callable[[], Metadata], connect: Callable[[Connection], None]) -> None:
        self.is_supported = True
        self._authority = authority
        self._metadata = metadata
        self._connect = connect
        # Calls that were not sent, oldest first. Some may have ended.
        self._outbox: deque[Call] = deque()
        self._current: Connection | None = None
        self._retired: set[Connection] = set()
        self._backoff = Backoff(first=0.02, longest=0.1, longest_requested=1.0)
        self._reconnect_at = 0.0
        # Why the last connection failed. None since one was opened.
        self._last_failure: StreamStatus | None = None
        self._is_closed = False
        self.change_listener: ChangeListener | None = None

    @property
    def needs_connection(self) -> bool:
        """Whether calls wait and there is no connection. Then tick() must be called."""
        return bool(self._outbox) and self._current is None

    def add(self, call: Call) -> None:
        """Queue a call for the next flush()."""
        self._outbox.append(call)

    def flush(self) -> None:
        """Send queued calls while the connection has room, or open a connection for them."""
        self._drop_ended()
        if not self._outbox:
            return
        if self._is_closed:
            self._end_waiting(lambda call: client_closed(call.method))
            return
        now = time.monotonic()
        current = self._current
        if current is None and now < self._reconnect_at:
            return
        try:
            metadata = self._metadata()
        except (OSError, ValueError) as error:
            cause = error  # Python deletes `error` at the end of this block.
            self._end_waiting(lambda call: unreadable_api_token(call.method, cause))
            return
        if current is None:
            self._current = Connection(self._authority, metadata, self)
            self._connect(self._current)
        elif current.metadata != metadata:
            current.retire()  # It calls flush() again, which opens another connection.
        else:
            while self._outbox and current.is_ready:
                if calls := self._take_frame(current, now):
                    current.send(calls, now)

    def confirm(self, clock: int) -> None:
        """Subscribe to reports of changes, and request confirmation of those made until clock.

        Does nothing while there is no connection.

        clock: the current time by any clock of this process, in milliseconds, at least 1.
        """
        if self._current is not None:
            self._current.confirm(clock)

    def cancel(self, call: Call, reason: Exception) -> None:
        """End a call with the error reason, and cancel it in the sidecar."""
        if call.has_ended:
            return
        call.end(reason)
        for connection in self._connections():
            if call.was_sent:
                connection.cancel(call)
        self.flush()

    def overdue(self, call: Call) -> SessionError:
        """Return the error of a call that has reached its deadline."""
        if call.was_sent or self._last_failure is None:
            return deadline_exceeded(call.method)
        return stream_lost(call.method, self._last_failure.message)

    def tick(self) -> float:
        """End overdue calls, check connections and reconnect. Returns when to call it again, by time.monotonic()."""
        now = time.monotonic()
        wake_at = float("inf")
        for connection in self._connections():
            wake_at = min(wake_at, connection.check(now))
        for call in self._unanswered():
            if call.deadline <= now:
                self.cancel(call, self.overdue(call))
            else:
                wake_at = min(wake_at, call.deadline)
        self.flush()
        if self.needs_connection:
            wake_at = min(wake_at, self._reconnect_at)
        return wake_at

    def close(self, failure: Callable[[str], SessionError] = client_closed) -> None:
        """End all connections. All calls fail with the error that failure returns for their method."""
        self._is_closed = True
        for connection in self._connections():
            connection.abort(lambda call: failure(call.method))
        self._end_waiting(lambda call: failure(call.method))

    # The events of connections.

    def on_open(self, connection: Connection) -> None:
        if connection is self._current and self.change_listener is not None:
            connection.confirm(self.change_listener.on_stream_open())

    def on_report(self, connection: Connection, report: frames.PipelineResponse) -> None:
        if connection is self._current and self.change_listener is not None:
            self.change_listener.on_report(report)

    def on_ready(self, connection: Connection) -> None:
        if connection is self._current:
            self._backoff.reset()
            self._last_failure = None
            self.flush()

    def on_retired(self, connection: Connection) -> None:
        if connection is self._current:
            self._leave()
        if not connection.has_ended:
            self._retired.add(connection)
        self.flush()

    def on_end(self, connection: Connection, status: StreamStatus, was_open: bool) -> None:
        self._retired.discard(connection)
        if connection is not self._current:
            return
        self._leave()
        if not was_open and status.code in _UNSUPPORTED:
            self.is_supported = False
            self._end_waiting(lambda _: FallBack())
        elif not was_open and status.code is grpc.StatusCode.UNAUTHENTICATED:
            self._end_waiting(lambda call: from_status(call.method, status.code, status.message, status.details))
        else:
            self._last_failure = status
            requested = from_status("Pipeline", status.code, status.message, status.details).retry_after
            self._reconnect_at = time.monotonic() + self._backoff.next(requested)

    def _leave(self) -> None:
        self._current = None
        if self.change_listener is not None:
            self.change_listener.on_stream_lost()

    def _take_frame(self, connection: Connection, now: float) -> list[Call]:
        in_flight = len(connection.calls) + len(self._outbox)
        size = min(_MAX_FRAME_CALLS, max(_MIN_FRAME_CALLS, in_flight // 2), MAX_IN_FLIGHT - len(connection.calls))
        calls: list[Call] = []
        total = 0
        while self._outbox and len(calls) < size:
            call = self._outbox[0]
            total += call.size
            if calls and total > _MAX_FRAME_BYTES:
                break
            self._outbox.popleft()
            if call.has_ended:
                continue
            if call.deadline <= now:
                call.end(self.overdue(call))
            else:
                calls.append(call)
        return calls

    def _drop_ended(self) -> None:
        while self._outbox and self._outbox[0].has_ended:
            self._outbox.popleft()

    def _end_waiting(self, failure: Callable[[Call], Exception]) -> None:
        while self._outbox:
            call = self._outbox.popleft()
            call.end(failure(call))

    def _connections(self) -> list[Connection]:
        return [*self._retired, self._current] if self._current is not None else list(self._retired)

    def _unanswered(self) -> list[Call]:
        return [call for connection in self._connections() for call in connection.calls.values()] + list(self._outbox)
