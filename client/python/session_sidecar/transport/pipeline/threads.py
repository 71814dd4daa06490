"""A pipeline for threads: the threads that make calls write, and one more thread reads."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ...errors import SessionError
from ..address import TcpAddress, UnixAddress
from ..api_token import Metadata
from ..call_errors import client_closed, no_connection, stream_lost
from .calls import Call
from .connection import Connection
from .pipeline import ChangeListener, Pipeline
from .sockets import SocketWire, connect

# How often the reading thread checks a connection in use, in seconds: often enough that calls need not wake the thread.
_CHECK_INTERVAL = 0.1
_READ_SIZE = 64 * 1024
# Not epoll, because a forked process would share its descriptor.
_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)


class ThreadedPipeline:
    """The calls of all threads of one process. Thread-safe."""

    def __init__(self, address: TcpAddress | UnixAddress, metadata: Callable[[], Metadata]) -> None:
        self._address = address
        self._metadata = metadata
        self._pipeline = Pipeline(address.authority, metadata, self._request_connection)
        # New calls. Threads add them without the lock, and whichever thread holds the lock sends them.
        self._inbox: deque[Call] = deque()
        # The clock of a request for confirmation, set in the same way; 0: no request.
        self._clock = 0
        # Guards the pipeline and everything below.
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._to_connect: list[Connection] = []
        self._wires: list[SocketWire] = []
        self._wake_at = 0.0
        self._is_asleep = False
        self._was_used = False
        self._is_closed = False
        # A pair of sockets: a byte sent to the first wakes the thread, which selects on the second.
        self._waker: socket.socket | None = None
        self._woken: socket.socket | None = None

    @property
    def is_supported(self) -> bool:
        return self._pipeline.is_supported

    def send(self, method: str, request: Any, deadline: float) -> Any:
        """Make one attempt.

        deadline: when the attempt ends, by time.monotonic().

        Raises SessionError, or FallBack if the call must be made as a unary call.
        """
        done = threading.Lock()
        done.acquire()
        call = Call(method, request, deadline, done.release)
        self._inbox.append(call)
        try:
            self._send_new_calls()
            if not done.acquire(timeout=max(0.0, deadline - time.monotonic())):
                self._cancel(call, None)
        except BaseException:
            # KeyboardInterrupt, or whatever else a signal handler raises.
            self._cancel(call, client_closed(method))
            raise
        return call.response()

    def listen(self, listener: ChangeListener) -> None:
        """Set the receiver of reports. Must be called before anything is sent. The receiver is called with the lock held."""
        self._pipeline.change_listener = listener

    def confirm(self, clock: int) -> None:
        """As Pipeline.confirm()."""
        self._clock = clock
        self._send_new_calls()

    def close(self) -> None:
        """End all calls and connections, and wait for the thread to end."""
        with self._lock:
            self._is_closed = True
            self._pipeline.close()
            self._wake()
            thread = self._thread
        self._send_new_calls()
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def release(self) -> None:
        """Close without waiting. The garbage collector calls this in any thread, even in one that holds the lock."""
        self._is_closed = True
        self._wake()

    def abandon(self) -> None:
        """Close the sockets that a forked process inherited, without the lock, which a thread of its parent may have held."""
        for each in (self._waker, self._woken, *(wire.socket for wire in self._wires)):
            if each is not None:
                each.close()

    def _cancel(self, call: Call, reason: Exception | None) -> None:
        with self._lock:
            self._pipeline.cancel(call, reason or self._pipeline.overdue(call))
        self._send_new_calls()

    def _send_new_calls(self) -> None:
        # While one thread holds the lock, others add calls, which leave together. So this must follow every release of the lock.
        while (self._inbox or self._clock) and self._lock.acquire(blocking=False):
            try:
                self._take_new_calls()
            finally:
                self._lock.release()

    def _take_new_calls(self) -> None:
        if self._clock:
            clock, self._clock = self._clock, 0
            self._pipeline.confirm(clock)
        while self._inbox:
            self._pipeline.add(self._inbox.popleft())
        self._pipeline.flush()
        self._was_used = True
        if self._thread is None and not self._is_closed:
            if self._waker is None:
                self._waker, self._woken = socket.socketpair()
                self._waker.setblocking(False)
            thread = threading.Thread(target=self._run, args=[self._woken], name="session-sidecar", daemon=True)
            thread.start()  # May fail. Then the next call tries again.
            self._thread = thread
        elif self._is_asleep:
            self._wake()

    def _request_connection(self, connection: Connection) -> None:
        self._to_connect.append(connection)
        self._wake()

    def _wake(self) -> None:
        self._is_asleep = False
        if self._waker is not None:
            with suppress(OSError):  # The socket is full, so the thread will wake anyway, or it is closed.
                self._waker.send(b"\0")

    def _run(self, woken: socket.socket) -> None:
        selector = _Selector()
        selector.register(woken, selectors.EVENT_READ)
        try:
            while True:
                with self._lock:
                    if self._is_closed:
                        self._pipeline.close()
                    timeout = self._plan()
                    to_connect, self._to_connect = self._to_connect, []
                    self._update_wires(selector)
                    if self._is_closed and not self._wires:
                        return
                self._send_new_calls()
                for connection in to_connect:
                    self._open(connection, selector)
                for key, events in selector.select(0 if to_connect else timeout):
                    if key.data is None:
                        woken.recv(_READ_SIZE)
                    else:
                        self._handle(key.data, events)
        finally:
            with self._lock:
                self._end_thread()
            self._send_new_calls()
            selector.close()
            woken.close()

    def _end_thread(self) -> None:
        # Without the thread, nothing would end these calls.
        self._pipeline.close(client_closed if self._is_closed else _thread_failed)
        for wire in self._wires:
            wire.socket.close()
        self._wires = []
        if self._waker is not None:
            self._waker.close()
            self._waker = None
        if not self._is_closed:
            # A fault of this package ended the thread, and threading.excepthook reports it. The next call starts a new thread.
            self._thread = None
            listener = self._pipeline.change_listener
            self._pipeline = Pipeline(self._address.authority, self._metadata, self._request_connection)
            self._pipeline.change_listener = listener

    def _plan(self) -> float | None:
        """Do what is due. Returns how long to wait for bytes at most, in seconds; None: no limit."""
        now = time.monotonic()
        if now >= self._wake_at or self._pipeline.needs_connection:
            self._wake_at = self._pipeline.tick()
        if self._was_used:
            self._wake_at = min(self._wake_at, now + _CHECK_INTERVAL)
        self._was_used = False
        self._is_asleep = self._wake_at > now + _CHECK_INTERVAL
        return None if self._wake_at == float("inf") else max(0.0, self._wake_at - time.monotonic())

    def _open(self, connection: Connection, selector: selectors.BaseSelector) -> None:
        try:
            opened = connect(self._address)
        except (OSError, UnicodeError) as cause:  # A name that cannot be encoded for a look-up.
            with self._lock:
                connection.lost(no_connection(self._address, cause))
            return
        with self._lock:
            wire = SocketWire(opened, connection, self._wake)
            self._wires.append(wire)
            selector.register(opened, selectors.EVENT_READ, wire)
            connection.connected(wire)

    def _handle(self, wire: SocketWire, events: int) -> None:
        data = b""
        reason = "the sidecar has closed the connection"
        try:
            if events & selectors.EVENT_READ:
                data = wire.socket.recv(_READ_SIZE)
        except BlockingIOError:
            return
        except OSError as cause:
            reason = f"the connection was lost: {cause.strerror or cause}"
        with self._lock:
            if events & selectors.EVENT_WRITE:
                wire.write_on()
            if data:
                self._was_used = True
                wire.connection.received(data)
            elif events & selectors.EVENT_READ:
                wire.connection.lost(reason)
                wire.close()

    def _update_wires(self, selector: selectors.BaseSelector) -> None:
        for wire in list(self._wires):
            if wire.is_closing:
                selector.unregister(wire.socket)
                wire.socket.close()
                self._wires.remove(wire)
            elif wire.has_unsent != wire.waits_for_room:
                wire.waits_for_room = wire.has_unsent
                writes = selectors.EVENT_WRITE if wire.has_unsent else 0
                selector.modify(wire.socket, selectors.EVENT_READ | writes, wire)


def _thread_failed(method: str) -> SessionError:
    return stream_lost(method, "the reading thread has failed")
